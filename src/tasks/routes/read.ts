import type { FastifyPluginAsync } from 'fastify'
import type { Database } from '#database/connect.ts'
import type { TaskFinder } from './finder.ts'
import { historyRoutes } from './read/history.ts'
import { listRoute } from './read/list.ts'
import { taskRoute } from './read/task.ts'

export interface ReadNeeds {
  /** For lists: a slow search holds up no other request. */
  reads: Database
  find: TaskFinder
}

export const readRoutes: FastifyPluginAsync<ReadNeeds> = async (app, needs) => {
  await app.register(listRoute, needs)
  await app.register(taskRoute, needs)
  await app.register(historyRoutes, needs)
}
