import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Logger } from 'pino'
import { together } from '#database/batching.ts'
import type { Database } from '#database/connect.ts'
import { isOutage, reasonOf } from '#database/outage.ts'
import { complete, completeIn } from '#tasks/attempts/complete.ts'
import type { Ending } from '#tasks/attempts/ending.ts'
import { findLocked } from '#tasks/attempts/locked.ts'
import { settle } from '#tasks/attempts/settle.ts'
import type { EndedAttempt } from './ended-attempt.ts'
import type { FollowUp } from './follow-up.ts'

// As many as the pool has connections.
const parallel = 2
// Milliseconds.
const firstPause = 100
const longestPause = 5_000
// Short, for other endings wait for their turn meanwhile: what is locked for longer is tried again.
const recordLockTimeout = '1s'

/**
 * Milliseconds that one `record` may take, and for which it may fail as if the database were away: with lock waits, say.
 * A film that took hours is worth the wait for a psql that was left open; but a `record` that never works must end too.
 */
const recordLimits = { each: 30_000, trouble: 30 * 60_000 }

interface AsideWriterOptions {
  db: Database
  log: Logger
  followUp: FollowUp
  limits?: typeof recordLimits
}

/** What the `record` of a kind threw, as opposed to what failed around it. */
class RecordFailed extends Error {
  override readonly cause: Error

  constructor(cause: Error) {
    super(cause.message)
    this.cause = cause
  }
}

/** Another transaction holds a lock on the task or its job. */
class Locked extends Error {
  override message = 'its task or job is locked by another transaction'
}

/**
 * Writes endings one by one, each with pauses of its own: those whose kind writes to other rows in the same transaction,
 * those that wait for a lock, and those that Postgres refuses as they are. None of them holds up the others.
 */
export function asideWriter({ db, log, followUp, limits = recordLimits }: AsideWriterOptions) {
  const pending = new Map<EndedAttempt, Promise<void>>()
  const closing = new AbortController()
  const inTurn = together<() => Promise<void>, void>({
    parallel,
    most: 1,
    run: async ([write]) => [await write!()]
  })

  async function writeUntilDone(ended: EndedAttempt) {
    let troubleSince: number | undefined
    for (let pause = firstPause; !closing.signal.aborted; pause = Math.min(pause * 2, longestPause)) {
      try {
        return await inTurn(() => write(ended))
      } catch (error) {
        troubleSince = error instanceof RecordFailed ? (troubleSince ?? performance.now()) : undefined
        const isOver = troubleSince !== undefined && performance.now() - troubleSince >= limits.trouble
        if ((isOver || !isPassing(error)) && (await isFailed(ended, causeOf(error)))) return
        log[pause === firstPause ? 'warn' : 'debug'](
          { err: causeOf(error), task: ended.claim.id, kind: ended.claim.task },
          'an outcome cannot be written yet and is tried again; other outcomes do not wait for it'
        )
      }
      await delay(pause, undefined, { signal: closing.signal }).catch(() => {})
    }
  }

  async function write(ended: EndedAttempt) {
    const { kind, ending } = ended
    // A lock wait would keep a connection busy for seconds; this answers at once.
    if ((await findLocked(db.pool, [ending])).size > 0) throw new Locked()
    if (ending.outcome !== 'success') return followUp.settled([ended], await settle(db, [ending]))
    if (kind?.record) return record(ended)
    return followUp.settled([ended], await complete(db.pool, [ending]))
  }

  /** A success that other rows tell of too: all of it in one transaction. */
  async function record(ended: EndedAttempt) {
    const { claim, ending } = ended
    const { settled, afterwards } = await db.query.transaction().execute(async trx => {
      await sql`set local lock_timeout = ${sql.lit(recordLockTimeout)}`.execute(trx)
      const settled = await completeIn(trx, ending)
      if (!settled) return { settled: [], afterwards: undefined }
      const recording = Promise.try(() => ended.kind!.record!(trx, claim as never, JSON.parse(ending.result!)))
      const afterwards = await within(limits.each, recording).catch(error => {
        throw new RecordFailed(error)
      })
      return { settled: [settled], afterwards }
    })
    await followUp.settled([ended], settled)
    if (afterwards) followUp.tidy(claim.id, afterwards)
  }

  /** Writes it as a failure, and answers whether that could be written. */
  async function isFailed(ended: EndedAttempt, error: Error): Promise<boolean> {
    const { claim } = ended
    // Without what may be why: its result, or what it reported.
    const { result: _, reported: __, ...ending } = ended.ending
    const failure: Ending = {
      ...ending,
      outcome: 'failure',
      error: { type: 'NotRecorded', message: `Its outcome could not be written: ${reasonOf(error)}` },
      next: { state: 'FAILURE' }
    }
    try {
      await inTurn(async () => followUp.settled([{ ...ended, ending: failure }], await settle(db, [failure])))
      const { id: task, task: kind, attempt } = claim
      log.error({ err: error, task, kind, attempt }, 'task failed: its outcome could not be recorded')
      return true
    } catch (error) {
      if (!isOutage(error)) log.error({ err: error, task: claim.id }, 'Postgres refuses an outcome, also as a failure')
      return false
    }
  }

  return {
    add(ended: EndedAttempt) {
      if (pending.has(ended)) return
      pending.set(
        ended,
        writeUntilDone(ended).finally(() => pending.delete(ended))
      )
    },
    /** What is not written yet. */
    waiting: () => [...pending.keys()].map(({ claim }) => claim),
    async flushed() {
      await Promise.all(pending.values())
    },
    close() {
      closing.abort()
    }
  }
}

export type AsideWriter = ReturnType<typeof asideWriter>

function causeOf(error: unknown) {
  return error instanceof RecordFailed ? error.cause : (error as Error)
}

/** What may well work in a moment, without any change. */
function isPassing(error: unknown) {
  return error instanceof Locked || isOutage(causeOf(error))
}

/** The transaction is rolled back at the limit, and refuses what is still asked of it. */
async function within<Result>(milliseconds: number, recording: Promise<Result>): Promise<Result> {
  const over = new AbortController()
  const limit = async () => {
    await delay(milliseconds, undefined, { signal: over.signal })
    // The code that Postgres has for a statement that takes too long.
    throw Object.assign(new Error(`its record took longer than ${milliseconds / 1000} s`), { code: '57014' })
  }
  try {
    return await Promise.race([recording, limit()])
  } finally {
    over.abort()
  }
}
