import type { FastifyPluginAsync } from 'fastify'
import type { QueueNeeds } from './needs.ts'
import { listRoute } from './routes/list.ts'
import { pauseRoutes } from './routes/pause.ts'
import { purgeRoute } from './routes/purge.ts'

export const queueRoutes: FastifyPluginAsync<QueueNeeds> = async (app, needs) => {
  await app.register(listRoute, needs)
  await app.register(pauseRoutes, needs)
  await app.register(purgeRoute, needs)
}
