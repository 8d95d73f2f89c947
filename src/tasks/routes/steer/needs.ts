import type { Database } from '#database/connect.ts'
import type { QueueNames } from '#queue/names.ts'
import type { BeforeForgetting } from '#tasks/steer/forget.ts'
import type { Voice } from '#tasks/voice.ts'
import type { TaskFinder } from '../finder.ts'

/** What the routes beside this are given. */
export interface SteerNeeds {
  db: Database
  voice: Voice
  queues: QueueNames
  beforeForgetting: BeforeForgetting
  find: TaskFinder
}
