import type { FastifyPluginAsync } from 'fastify'
import type { Database } from '#database/connect.ts'
import type { QueueNames } from '#queue/names.ts'
import type { BeforeForgetting } from '#tasks/steer/forget.ts'
import type { Voice } from '#tasks/voice.ts'
import type { TaskFinder } from './finder.ts'
import { cancelRoute } from './steer/cancel.ts'
import { changeRoute } from './steer/change.ts'
import { forgetRoute } from './steer/forget.ts'
import { retryRoute } from './steer/retry.ts'

export interface SteerNeeds {
  db: Database
  voice: Voice
  queues: QueueNames
  beforeForgetting: BeforeForgetting
  find: TaskFinder
}

/** The routes that change what becomes of a task. */
export const steerRoutes: FastifyPluginAsync<SteerNeeds> = async (app, needs) => {
  await app.register(cancelRoute, needs)
  await app.register(retryRoute, needs)
  await app.register(changeRoute, needs)
  await app.register(forgetRoute, needs)
}
