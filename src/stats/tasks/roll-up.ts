import { Type } from 'typebox'
import { defineTask } from '#tasks/define.ts'
import { timeLeft } from '#tasks/upkeep/batches.ts'
import { rollUp } from '../roll-up.ts'

interface RollUpOptions {
  /** Seconds that an hour stays. */
  historyExpires: number
}

export function rollUpKind({ historyExpires }: RollUpOptions) {
  return defineTask({
    name: 'roll_up',
    description: 'Sums the minutes of charts into hours; removes minutes after 48 hours, hours after HISTORY_EXPIRES.',
    schedules: [{ cron: '7 * * * *', timezone: 'UTC', overlap: 'skip', missed: 'once' }],
    pool: 'inline',
    queue: 'low_priority',
    args: Type.Object({}, { additionalProperties: false }),

    run: (_, { db, signal }) => rollUp(db.pool, { historyExpires, goOn: timeLeft(signal) })
  })
}
