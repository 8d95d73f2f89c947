import { Type } from 'typebox'
import { defineTask } from '#tasks/define.ts'
import { batchSize, inBatches, timeLeft } from '#tasks/upkeep/batches.ts'

// Ids begin with the time, so that the primary key finds the old ones.
export const removeOldMessagesSql = `
with old as (
  select m.id from darkroom.webhook_messages m
  where m.id < (
    lpad(to_hex((extract(epoch from now() - $1::float8 * interval '1 second') * 1000)::bigint), 12, '0')
    || repeat('0', 20)
  )::uuid
  order by m.id limit ${batchSize} for update skip locked
), attempt as (
  delete from darkroom.webhook_attempts a using old where a.message_id = any(array[old.id])
)
delete from darkroom.webhook_messages m using old where m.id = any(array[old.id])`

export const removeMessagesOfNoneSql = `
with recursive known as (
  (select webhook_id from darkroom.webhook_messages order by webhook_id limit 1)
  union all
  select next.webhook_id from known cross join lateral (
    select m.webhook_id from darkroom.webhook_messages m
    where m.webhook_id > known.webhook_id order by m.webhook_id limit 1
  ) next
), gone as (
  select webhook_id from known where not exists (select from darkroom.webhooks w where w.id = known.webhook_id)
), old as (
  select m.id from gone cross join lateral (
    select id from darkroom.webhook_messages m where m.webhook_id = gone.webhook_id limit ${batchSize}
  ) m limit ${batchSize}
), attempt as (
  delete from darkroom.webhook_attempts a using old where a.message_id = any(array[old.id])
)
delete from darkroom.webhook_messages m using old where m.id = any(array[old.id])`

interface ExpireOptions {
  /** Seconds that a message stays. */
  historyExpires: number
}

export function expireDeliveries({ historyExpires }: ExpireOptions) {
  return defineTask({
    name: 'expire_deliveries',
    description: 'Removes messages to webhooks whose HISTORY_EXPIRES is over, and those of deleted webhooks.',
    schedules: [{ cron: '37 * * * *', timezone: 'UTC', overlap: 'skip', missed: 'once' }],
    pool: 'inline',
    queue: 'low_priority',
    args: Type.Object({}, { additionalProperties: false }),

    async run(_, { db, signal }) {
      const left = timeLeft(signal)
      const old = async () => (await db.pool.query(removeOldMessagesSql, [historyExpires])).rowCount ?? 0
      const ofNone = async () => (await db.pool.query(removeMessagesOfNoneSql)).rowCount ?? 0
      return { messages: (await inBatches(left, old)) + (await inBatches(left, ofNone)) }
    }
  })
}
