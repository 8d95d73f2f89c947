import type { FastifyPluginAsync } from 'fastify'
import type { WorkerNeeds } from './needs.ts'
import { readRoutes } from './routes/read.ts'
import { shutDownRoute } from './routes/shut-down.ts'
import { steerRoute } from './routes/steer.ts'

export const workerRoutes: FastifyPluginAsync<WorkerNeeds> = async (app, needs) => {
  await app.register(readRoutes, needs)
  await app.register(steerRoute, needs)
  await app.register(shutDownRoute, needs)
}
