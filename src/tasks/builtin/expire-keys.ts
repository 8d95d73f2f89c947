import { Type } from 'typebox'
import { defineTask } from '../define.ts'
import { batchSize, inBatches, timeLeft } from '../upkeep/batches.ts'

/** Stored answers to requests with an Idempotency-Key. */
export const removeKeysSql = `
delete from darkroom.idempotency_keys where (key_id, key) in (
  select key_id, key from darkroom.idempotency_keys where created_at < now() - interval '1 day'
  order by created_at limit ${batchSize} for update skip locked
)`

export const expireKeys = defineTask({
  name: 'expire_keys',
  description: 'Removes idempotency keys that are older than a day.',
  schedules: [{ cron: '7 * * * *', timezone: 'UTC', overlap: 'skip', missed: 'once' }],
  pool: 'inline',
  queue: 'low_priority',
  args: Type.Object({}, { additionalProperties: false }),

  async run(_, { db, signal }) {
    return {
      keys: await inBatches(timeLeft(signal), async () => (await db.pool.query(removeKeysSql)).rowCount ?? 0)
    }
  }
})
