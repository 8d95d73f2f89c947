import type { Database } from '#database/connect.ts'

interface Desk {
  ids(): string[]
  stop(task: string, reason: 'cancelled'): void
}

/** Stops attempts whose cancel notifications may have been lost. */
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
  for (const { id } of rows) desk.stop(id, 'cancelled')
}
