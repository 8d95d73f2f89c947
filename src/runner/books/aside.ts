import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Logger } from 'pino'
import { together } from '#database/batching.ts'
import type { Database } from '#database/connect.ts'
import { isOutage, reasonOf } from '#database/outage.ts'
import { complete, completeIn } from '#tasks/attempts/complete.ts'
import type { Ending } from '#tasks/attempts/ending.ts'
import { handOver } from '#tasks/attempts/hand-over.ts'
import { findLocked } from '#tasks/attempts/locked.ts'
import { settle } from '#tasks/attempts/settle.ts'
import type { EndedAttempt } from './ended-attempt.ts'
import type { FollowUp } from './follow-up.ts'

// As many as the pool has connections.
const parallel = 2
// Milliseconds.
const firstPause = 100
const longestPause = 5_000
// Short, because other endings wait for their turn meanwhile; after a longer lock the write is retried.
const recordLockTimeout = '1s'

/**
 * Milliseconds that one `record` may take, and for which its passing failures, such as lock waits, are retried. A film
 * that took hours is worth the wait for an open psql transaction; but a `record` that never works must end too.
 */
const recordLimits = { each: 30_000, trouble: 30 * 60_000 }

interface AsideWriterOptions {
  db: Database
  log: Logger
  followUp: FollowUp
  limits?: typeof recordLimits
}

/** An error thrown by the `record` of a kind, as opposed to one around it. */
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
 * Writes endings one by one, each with retries of its own: endings of kinds with a `record` (same transaction), endings
 * that wait for a lock, and endings that Postgres refuses. None of them delays the others.
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
          'an outcome could not be written; retrying it, other outcomes do not wait'
        )
      }
      await delay(pause, undefined, { signal: closing.signal }).catch(() => {})
    }
  }

  async function write(ended: EndedAttempt) {
    const { kind, ending } = ended
    // A lock wait would occupy a connection for seconds; this query answers at once.
    if ((await findLocked(db.pool, [ending])).size > 0) throw new Locked()
    if (ending.outcome !== 'success') return followUp.settled([ended], await settle(db, [ending]))
    if (kind?.record) return record(ended)
    return followUp.settled([ended], await complete(db.pool, [ending]))
  }

  /** Writes a success and the kind's own rows in one transaction. */
  async function record(ended: EndedAttempt) {
    const { claim, ending } = ended
    const { settled, afterwards } = await db.query.transaction().execute(async trx => {
      await sql`set local lock_timeout = ${sql.lit(recordLockTimeout)}`.execute(trx)
      const result = JSON.parse(ending.result!)
      const settled = ended.kind!.goesOn?.(result) ? await handOver(trx, ending) : await completeIn(trx, ending)
      if (!settled) return { settled: [], afterwards: undefined }
      const recording = Promise.try(() => ended.kind!.record!(trx, claim as never, result))
      const afterwards = await within(limits.each, recording).catch(error => {
        throw new RecordFailed(error)
      })
      return { settled: [settled], afterwards }
    })
    await followUp.settled([ended], settled)
    if (afterwards) followUp.tidy(claim.id, afterwards)
  }

  /** Writes a failure instead, and answers whether Postgres took it. */
  async function isFailed(ended: EndedAttempt, error: Error): Promise<boolean> {
    const { claim } = ended
    // Result and report may be the cause, so they are left out.
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
      if (!isOutage(error)) log.error({ err: error, task: claim.id }, 'Postgres refused an outcome twice; retrying')
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
    /** Endings that are not written yet. */
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

/** True for failures that may pass without any change. */
function isPassing(error: unknown) {
  return error instanceof Locked || isOutage(causeOf(error))
}

/** At the limit the transaction is rolled back and refuses further statements. */
async function within<Result>(milliseconds: number, recording: Promise<Result>): Promise<Result> {
  const over = new AbortController()
  const limit = async () => {
    await delay(milliseconds, undefined, { signal: over.signal })
    // SQLSTATE of a statement timeout.
    throw Object.assign(new Error(`its record took longer than ${milliseconds / 1000} s`), { code: '57014' })
  }
  try {
    return await Promise.race([recording, limit()])
  } finally {
    over.abort()
  }
}
