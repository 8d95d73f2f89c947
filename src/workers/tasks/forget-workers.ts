import { Type } from 'typebox'
import { defineTask } from '#tasks/define.ts'

export const removeWorkersSql = `
delete from darkroom.workers where status <> 'running' and stopped_at < now() - interval '1 day'`

export const forgetWorkers = defineTask({
  name: 'forget_workers',
  description: 'Removes the rows of workers that stopped or were lost more than a day ago.',
  schedules: [{ cron: '11 * * * *', timezone: 'UTC', overlap: 'skip', missed: 'once' }],
  pool: 'inline',
  queue: 'low_priority',
  args: Type.Object({}, { additionalProperties: false }),

  async run(_, { db }) {
    return { workers: (await db.pool.query(removeWorkersSql)).rowCount ?? 0 }
  }
})
