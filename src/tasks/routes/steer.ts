import type { FastifyPluginAsync } from 'fastify'
import { cancelRoute } from './steer/cancel.ts'
import { changeRoute } from './steer/change.ts'
import { forgetRoute } from './steer/forget.ts'
import type { SteerNeeds } from './steer/needs.ts'
import { retryRoute } from './steer/retry.ts'

/** The routes that change what becomes of a task. */
export const steerRoutes: FastifyPluginAsync<SteerNeeds> = async (app, needs) => {
  await app.register(cancelRoute, needs)
  await app.register(retryRoute, needs)
  await app.register(changeRoute, needs)
  await app.register(forgetRoute, needs)
}
