import type { Database } from '#database/connect.ts'
import { internalKinds } from '#tasks/internal.ts'
import { listTasks } from '#tasks/listing/list.ts'

// Milliseconds.
const overlap = 2_000
const mostArrivals = 200

/** The newest tasks since the last look: a submission is not announced to watchers. */
export function newest(db: Database) {
  let mark = new Date().toISOString()
  return async () => {
    const { items } = await listTasks(db, { created_after: mark, limit: mostArrivals }, internalKinds)
    // Some transactions commit after later ones.
    if (items[0]) mark = new Date(Math.max(Date.parse(mark), Date.parse(items[0].created_at) - overlap)).toISOString()
    return { tasks: items, more: items.length === mostArrivals }
  }
}
