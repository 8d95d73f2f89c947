import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Database } from '#database/connect.ts'
import { gather } from '#database/gather.ts'
import { isOutage } from '#database/outage.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import { complete, completeIn } from '#tasks/attempts/complete.ts'
import type { Ending, Settled } from '#tasks/attempts/ending.ts'
import { findLocked, isLockWait } from '#tasks/attempts/locked.ts'
import { settle } from '#tasks/attempts/settle.ts'
import { findSettled } from '#tasks/attempts/settled.ts'
import type { Kind } from '#tasks/define.ts'

interface Ended {
  claim: Claim
  kind: Kind | undefined
  ending: Ending
}

interface Needs {
  db: Database
  log: Logger
  /** Called for each ending that counted. */
  onSettled(settled: Settled): void
}

// pg-boss's way of fencing is measured to stay fast up to batches of this size.
const largestBatch = 200
const longestPause = 5_000
// Between two looks at whether somebody still holds his lock.
const whileLocked = 1_000

/**
 * Writes how attempts ended, those that end together in one statement, and does not give up while the database is
 * away: an outcome that is known is never lost, and counts only if the attempt is still ours by then. Those that
 * somebody holds a lock on wait aside until he has let go, and hold up nobody.
 */
export function settler({ db, log, onSettled }: Needs) {
  let waiting: Ended[] = []
  let aside: Ended[] = []
  let writing: Promise<void> | undefined
  let looking: Promise<void> | undefined

  function start() {
    writing ??= write().finally(() => {
      writing = undefined
    })
  }

  async function write() {
    for (let pause = 50; waiting.length > 0; ) {
      const batch = waiting.slice(0, largestBatch)
      try {
        const refused = await writeBatch(batch)
        // To the end of the line: whoever waits behind them shall not.
        waiting = [...waiting.slice(batch.length), ...refused]
        if (refused.length === 0) {
          pause = 50
          // A commit costs API and worker more than what is in it.
          if (waiting.length < largestBatch) await gather(batch.length)
          continue
        }
      } catch (error) {
        if (isLockWait(error) && (await setAside(batch))) continue
        if (!isOutage(error)) log.error({ err: error }, 'outcomes could not be written')
      }
      await delay(pause)
      pause = Math.min(pause * 2, longestPause)
    }
  }

  /** True where that leaves something which can be written now, or nothing at all. */
  async function setAside(batch: Ended[]): Promise<boolean> {
    const locked = await lockedAmong(batch)
    if (locked.length === 0) return false
    for (const { claim } of locked) log.warn({ task: claim.id }, 'an outcome waits: somebody holds a lock on its task')
    aside.push(...locked)
    waiting = waiting.filter(ended => !locked.includes(ended))
    looking ??= takeBack().finally(() => {
      looking = undefined
    })
    return true
  }

  async function takeBack() {
    while (aside.length > 0) {
      await delay(whileLocked)
      const locked = await lockedAmong(aside)
      const free = aside.filter(ended => !locked.includes(ended))
      aside = locked
      if (free.length === 0) continue
      waiting.push(...free)
      start()
    }
  }

  async function lockedAmong(batch: Ended[]): Promise<Ended[]> {
    // Without an answer they are tried as they are.
    const locked = await findLocked(
      db.pool,
      batch.map(({ ending }) => ending)
    ).catch(() => new Set())
    return batch.filter(({ claim }) => locked.has(claim.id))
  }

  /** Answers those that the database refuses whatever they say. */
  async function writeBatch(batch: Ended[]): Promise<Ended[]> {
    const recorded = batch.filter(({ kind, ending }) => kind?.record && ending.outcome === 'success')
    const plain = batch.filter(ended => !recorded.includes(ended))
    const refused = [
      await writeAll(
        plain.filter(({ ending }) => ending.outcome === 'success'),
        endings => complete(db.pool, endings)
      ),
      await writeAll(
        plain.filter(({ ending }) => ending.outcome !== 'success'),
        endings => settle(db, endings)
      )
    ].flat()
    for (const ended of recorded) if (!(await writeOne(ended, () => record(ended)))) refused.push(ended)
    return refused
  }

  async function writeAll(batch: Ended[], how: (endings: Ending[]) => Promise<Settled[]>): Promise<Ended[]> {
    if (batch.length === 0) return []
    let settled: Settled[]
    try {
      settled = await how(batch.map(({ ending }) => ending))
    } catch (error) {
      if (isOutage(error)) throw error
      // One that Postgres refuses must not hold up the others.
      const refused: Ended[] = []
      for (const ended of batch) {
        const written = await writeOne(ended, async () => announce([ended], await how([ended.ending])))
        if (!written) refused.push(ended)
      }
      return refused
    }
    await announce(batch, settled)
    return []
  }

  /** One by itself. If it cannot be written as it is, it is written as a failure; false when that is refused too. */
  async function writeOne(ended: Ended, how: () => Promise<void>): Promise<boolean> {
    try {
      await how()
      return true
    } catch (error) {
      if (isOutage(error)) throw error
      try {
        await fail(ended, error as Error)
        return true
      } catch (error) {
        if (isOutage(error)) throw error
        log.error({ err: error, task: ended.claim.id }, 'an outcome is refused by the database; it is tried again')
        return false
      }
    }
  }

  /** A success that other rows tell of too: all of it in one transaction. */
  async function record(ended: Ended) {
    const { claim, kind, ending } = ended
    const done = await db.query.transaction().execute(async trx => {
      const settled = await completeIn(trx, ending)
      if (!settled) return { settled: [], afterwards: undefined }
      const afterwards = await kind!.record!(trx, claim as never, JSON.parse(ending.result!))
      return { settled: [settled], afterwards }
    })
    await announce([ended], done.settled)
    await done
      .afterwards?.()
      .catch(error => log.error({ err: error, task: claim.id }, 'tidying up after a success failed'))
  }

  async function fail(ended: Ended, error: Error) {
    log.error({ err: error, task: ended.claim.id }, 'an outcome could not be recorded')
    // Without what may be why: its result, or what it reported.
    const { result: _, reported: __, ...ending } = ended.ending
    const failure: Ending = {
      ...ending,
      outcome: 'failure',
      error: { type: 'NotRecorded', message: `Its outcome could not be written: ${error.message}` },
      next: { state: 'FAILURE' }
    }
    await announce([{ ...ended, ending: failure }], await settle(db, [failure]))
  }

  async function announce(batch: Ended[], now: Settled[]) {
    const written = new Set(now.map(({ id }) => id))
    const missing = batch.filter(({ claim }) => !written.has(claim.id))
    const earlier =
      missing.length > 0
        ? await findSettled(
            db.pool,
            missing.map(({ ending }) => ending)
          )
        : []
    const settled = [...now, ...earlier]
    const counted = new Set(settled.map(({ id }) => id))
    for (const each of settled) onSettled(each)
    for (const { claim, kind, ending } of batch) {
      if (!counted.has(claim.id))
        log.warn({ task: claim.id, attempt: claim.attempt }, 'an attempt ended that was no longer ours')
      if (ending.outcome !== 'success' || !counted.has(claim.id)) await discard(claim, kind)
    }
  }

  async function discard(claim: Claim, kind: Kind | undefined) {
    await kind
      ?.discard?.(claim as never)
      .catch(error => log.error({ err: error, task: claim.id }, 'leftovers could not be removed'))
  }

  return {
    add(ended: Ended) {
      waiting.push(ended)
      start()
    },
    /** What has ended here and is not written yet. */
    attempts() {
      return [...waiting, ...aside].map(({ claim }) => claim)
    },
    async flush() {
      while (writing ?? looking) await Promise.all([writing, looking])
    }
  }
}
