import { Type } from 'typebox'
import { defineTask } from '#tasks/define.ts'
import { batchSize, inBatches, timeLeft } from '#tasks/upkeep/batches.ts'

export const removeOldOccurrencesSql = `
delete from darkroom.occurrences where (schedule_id, due_at) in (
  select schedule_id, due_at from darkroom.occurrences
  where decided_at < now() - $1::float8 * interval '1 second'
  order by decided_at limit ${batchSize} for update skip locked
)`

interface ExpireOptions {
  /** Seconds that an occurrence stays. */
  historyExpires: number
}

export function expireOccurrences({ historyExpires }: ExpireOptions) {
  return defineTask({
    name: 'expire_occurrences',
    description: 'Removes occurrences of schedules whose HISTORY_EXPIRES is over.',
    schedules: [{ cron: '17 * * * *', timezone: 'UTC', overlap: 'skip', missed: 'once' }],
    pool: 'inline',
    queue: 'low_priority',
    args: Type.Object({}, { additionalProperties: false }),

    async run(_, { db, signal }) {
      const remove = async () => (await db.pool.query(removeOldOccurrencesSql, [historyExpires])).rowCount ?? 0
      return { occurrences: await inBatches(timeLeft(signal), remove) }
    }
  })
}
