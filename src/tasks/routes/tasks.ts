import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Watching } from '#tasks/read/watch.ts'
import { taskFinder } from './finder.ts'
import { type ReadNeeds, readRoutes } from './read.ts'
import type { SteerNeeds } from './steer/needs.ts'
import { steerRoutes } from './steer.ts'

export interface TaskNeeds extends Omit<ReadNeeds, 'find'>, Omit<SteerNeeds, 'find'> {
  watching: Watching
}

/** Reads tasks and steers them. */
export const taskRoutes: FastifyPluginAsyncTypebox<TaskNeeds> = async (app, needs) => {
  const closing = new AbortController()
  app.addHook('preClose', async () => closing.abort())
  const find = taskFinder({ ...needs, closing: closing.signal })

  await app.register(readRoutes, { ...needs, find })
  await app.register(steerRoutes, { ...needs, find })
}
