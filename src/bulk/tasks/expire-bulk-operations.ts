import { Type } from 'typebox'
import { defineTask } from '#tasks/define.ts'
import { batchSize, inBatches, timeLeft } from '#tasks/upkeep/batches.ts'

export const removeOldItemsSql = `
delete from darkroom.bulk_items where (operation_id, task_id) in (
  select i.operation_id, i.task_id from darkroom.bulk_operations o
  cross join lateral (
    select * from darkroom.bulk_items i where i.operation_id = o.id limit ${batchSize}
  ) i
  where o.created_at < now() - $1::float8 * interval '1 second'
  order by o.created_at limit ${batchSize}
)`

export const removeOldOperationsSql = `
delete from darkroom.bulk_operations where id in (
  select o.id from darkroom.bulk_operations o
  where o.created_at < now() - $1::float8 * interval '1 second'
    and not exists (select from darkroom.bulk_items i where i.operation_id = o.id)
  order by o.created_at limit ${batchSize}
)`

interface ExpireOptions {
  /** Seconds that an operation stays. */
  historyExpires: number
}

export function expireBulkOperations({ historyExpires }: ExpireOptions) {
  return defineTask({
    name: 'expire_bulk_operations',
    description: 'Removes bulk operations whose HISTORY_EXPIRES is over; they cannot be undone any more.',
    schedules: [{ cron: '47 * * * *', timezone: 'UTC', overlap: 'skip', missed: 'once' }],
    pool: 'inline',
    queue: 'low_priority',
    args: Type.Object({}, { additionalProperties: false }),

    async run(_, { db, signal }) {
      const left = timeLeft(signal)
      const remove = (text: string) => async () => (await db.pool.query(text, [historyExpires])).rowCount ?? 0
      const items = await inBatches(left, remove(removeOldItemsSql))
      return { items, operations: left() ? await inBatches(left, remove(removeOldOperationsSql)) : 0 }
    }
  })
}
