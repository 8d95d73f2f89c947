import type { Pool } from 'pg'
import { findStopped } from '#tasks/attempts/held.ts'
import type { Desk } from './bodies/desk.ts'

/** Stops attempts that are cancelled or are not this worker's any more, where a notification of it may be lost. */
export async function lookAtHeld(pool: Pool, desk: Pick<Desk, 'held' | 'stop'>) {
  const held = new Map(desk.held().map(attempt => [attempt.claim.id, attempt]))
  if (held.size === 0) return
  const claims = [...held.values()].map(({ claim }) => claim)
  const stopped = await findStopped(pool, claims).catch(() => [])
  // Not the next attempt of the same task, which may be in hand by now.
  for (const { id, reason } of stopped) desk.stop(id, reason, held.get(id))
}
