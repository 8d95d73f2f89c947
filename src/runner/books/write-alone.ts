import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '#database/connect.ts'
import { findLocked } from '#tasks/attempts/locked.ts'
import { complete, completeIn } from '#tasks/endings/complete.ts'
import { handOver } from '#tasks/endings/hand-over.ts'
import { settle } from '#tasks/endings/settle.ts'
import type { EndedAttempt } from './ended-attempt.ts'
import type { FollowUp } from './follow-up.ts'

// Short, because other endings wait for their turn meanwhile; after a longer lock the write is retried.
const recordLockTimeout = '1s'

interface AloneParts {
  db: Database
  followUp: FollowUp
  /** Milliseconds that one `record` may take. */
  longestRecord: number
}

/** An error thrown by the `record` of a kind, as opposed to one around it. */
export class RecordFailed extends Error {
  override readonly cause: Error

  constructor(cause: Error) {
    super(cause.message)
    this.cause = cause
  }
}

/** Another transaction holds a lock on the task or its job. */
export class Locked extends Error {
  override message = 'its task or job is locked by another transaction'
}

/** Writes one ending, with the rows of its kind's `record`. */
export async function writeAlone(ended: EndedAttempt, { db, followUp, longestRecord }: AloneParts) {
  const { claim, kind, ending } = ended
  // A lock wait would occupy a connection for seconds; this query answers at once.
  if ((await findLocked(db.pool, [ending])).size > 0) throw new Locked()
  if (ending.outcome !== 'success') return followUp.settled([ended], await settle(db, [ending]))
  if (!kind?.record) return followUp.settled([ended], await complete(db.pool, [ending]))
  const { settled, afterwards } = await record(db, ended, longestRecord)
  await followUp.settled([ended], settled)
  if (afterwards) followUp.tidy(claim.id, afterwards)
}

/** Writes a success and the kind's own rows in one transaction. */
async function record(db: Database, { claim, kind, ending }: EndedAttempt, longest: number) {
  return db.query.transaction().execute(async trx => {
    await sql`set local lock_timeout = ${sql.lit(recordLockTimeout)}`.execute(trx)
    const result = JSON.parse(ending.result!)
    const settled = kind!.goesOn?.(result) ? await handOver(trx, ending) : await completeIn(trx, ending)
    if (!settled) return { settled: [], afterwards: undefined }
    const recording = Promise.try(() => kind!.record!(trx, claim as never, result))
    const afterwards = await within(longest, recording).catch(error => {
      throw new RecordFailed(error)
    })
    return { settled: [settled], afterwards }
  })
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
