import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { gather } from '#database/batching.ts'
import type { Database } from '#database/connect.ts'
import { isLockWait, isOutage } from '#database/outage.ts'
import { complete } from '#tasks/attempts/complete.ts'
import { findLocked } from '#tasks/attempts/locked.ts'
import { settle } from '#tasks/attempts/settle.ts'
import type { AsideWriter } from './aside.ts'
import type { EndedAttempt } from './ended-attempt.ts'
import type { FollowUp } from './follow-up.ts'

// pg-boss's fencing is measured to stay fast up to batches of this size.
const largestBatch = 200
const firstPause = 50
const longestPause = 5_000

interface SettlerOptions {
  db: Database
  log: Logger
  aside: AsideWriter
  followUp: FollowUp
}

/**
 * Writes endings, concurrent ones in one statement, and retries while the database is unreachable: a known outcome is
 * never lost, and counts only if the attempt is still this worker's by then. An ending that would delay the others is
 * written aside: because its kind has a `record`, because of a lock, or because Postgres refuses it.
 */
export function settler({ db, log, aside, followUp }: SettlerOptions) {
  const waiting = new Set<EndedAttempt>()
  let writing: Promise<void> | undefined
  let closed = false

  async function writeAll() {
    for (let pause = firstPause; waiting.size > 0 && !closed; ) {
      const batch = waiting.values().take(largestBatch).toArray()
      const successes = batch.filter(({ ending }) => ending.outcome === 'success')
      try {
        await write(successes)
        await write(batch.filter(({ ending }) => ending.outcome !== 'success'))
        pause = firstPause
        // A commit costs API and worker more than its contents.
        if (waiting.size < largestBatch) await gather(batch.length)
      } catch (error) {
        log.debug({ err: error, count: waiting.size }, 'outcomes could not be written; retrying')
        await delay(pause)
        pause = Math.min(pause * 2, longestPause)
      }
    }
  }

  /** One statement for all, unless an ending blocks it: then the batch is split, so that few are written aside. */
  async function write(batch: EndedAttempt[]): Promise<void> {
    if (batch.length === 0) return
    try {
      await followUp.settled(batch, await writeTogether(db, batch))
      for (const ended of batch) waiting.delete(ended)
    } catch (error) {
      if (isOutage(error) && !isLockWait(error)) throw error
      const inTheWay = batch.length === 1 ? batch : await lockedAmong(batch, error)
      for (const ended of inTheWay) {
        waiting.delete(ended)
        aside.add(ended)
      }
      const rest = batch.filter(ended => !inTheWay.includes(ended))
      if (inTheWay.length > 0) return write(rest)
      const half = Math.ceil(rest.length / 2)
      await write(rest.slice(0, half))
      await write(rest.slice(half))
    }
  }

  async function lockedAmong(batch: EndedAttempt[], error: unknown): Promise<EndedAttempt[]> {
    if (!isLockWait(error)) return []
    const locked = await findLocked(
      db.pool,
      batch.map(({ ending }) => ending)
    )
    return batch.filter(({ claim }) => locked.has(claim.id))
  }

  return {
    add(ended: EndedAttempt) {
      if (ended.kind?.record && ended.ending.outcome === 'success') return aside.add(ended)
      waiting.add(ended)
      writing ??= writeAll().finally(() => {
        writing = undefined
      })
    },
    /** Endings that are neither written nor aside. */
    waiting: () => [...waiting].map(({ claim }) => claim),
    /** Resolves when every added ending is written or aside. */
    flushed: async () => writing,
    close() {
      closed = true
    }
  }
}

function writeTogether(db: Database, batch: EndedAttempt[]) {
  const endings = batch.map(({ ending }) => ending)
  return endings[0]!.outcome === 'success' ? complete(db.pool, endings) : settle(db, endings)
}

export type Settler = ReturnType<typeof settler>
