import type { Database } from '#database/connect.ts'
import { isLockWait, isOutage } from '#database/outage.ts'
import { findLocked } from '#tasks/attempts/locked.ts'
import { complete } from '#tasks/endings/complete.ts'
import { settle } from '#tasks/endings/settle.ts'
import type { AsideWriter } from './aside.ts'
import type { EndedAttempt } from './ended-attempt.ts'
import type { FollowUp } from './follow-up.ts'

interface BatchParts {
  db: Database
  aside: AsideWriter
  followUp: FollowUp
  /** Loses each ending as soon as that is written or aside. */
  waiting: Set<EndedAttempt>
}

/**
 * Writes endings, all successes or none, in one statement, unless one of them blocks it: then the batch is split, so that
 * few are written aside. Throws while the database is unreachable.
 */
export async function writeBatch(batch: EndedAttempt[], parts: BatchParts): Promise<void> {
  const { db, aside, followUp, waiting } = parts
  if (batch.length === 0) return
  try {
    await followUp.settled(batch, await writeTogether(db, batch))
    for (const ended of batch) waiting.delete(ended)
  } catch (error) {
    if (isOutage(error) && !isLockWait(error)) throw error
    const inTheWay = batch.length === 1 ? batch : await lockedAmong(db, batch, error)
    for (const ended of inTheWay) {
      waiting.delete(ended)
      aside.add(ended)
    }
    const rest = batch.filter(ended => !inTheWay.includes(ended))
    if (inTheWay.length > 0) return writeBatch(rest, parts)
    const half = Math.ceil(rest.length / 2)
    await writeBatch(rest.slice(0, half), parts)
    await writeBatch(rest.slice(half), parts)
  }
}

function writeTogether(db: Database, batch: EndedAttempt[]) {
  const endings = batch.map(({ ending }) => ending)
  return endings[0]!.outcome === 'success' ? complete(db.pool, endings) : settle(db, endings)
}

async function lockedAmong(db: Database, batch: EndedAttempt[], error: unknown): Promise<EndedAttempt[]> {
  if (!isLockWait(error)) return []
  const locked = await findLocked(
    db.pool,
    batch.map(({ ending }) => ending)
  )
  return batch.filter(({ claim }) => locked.has(claim.id))
}
