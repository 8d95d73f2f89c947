import type { Database } from '#database/connect.ts'
import type { Attempt } from './attempt.ts'

interface Desk {
  ids(): string[]
  find(task: string): Attempt | undefined
}

/** Stops what was asked to stop while we could not hear. */
export async function stopCancelled(db: Database, desk: Desk) {
  const ids = desk.ids()
  if (ids.length === 0) return
  const rows = await db.query
    .selectFrom('tasks')
    .select('id')
    .where('id', 'in', ids)
    .where('cancel_requested_at', 'is not', null)
    .execute()
    .catch(() => [])
  for (const { id } of rows) desk.find(id)?.stop('cancelled')
}
