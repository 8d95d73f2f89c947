import type { FastifyPluginAsync } from 'fastify'
import type { Database } from '#database/connect.ts'
import type { Voice } from '#tasks/voice.ts'
import { readRoutes } from './routes/read.ts'
import { shutDownRoute } from './routes/shut-down.ts'
import { steerRoute } from './routes/steer.ts'

export interface WorkerNeeds {
  db: Database
  voice: Voice
}

export const workerRoutes: FastifyPluginAsync<WorkerNeeds> = async (app, needs) => {
  await app.register(readRoutes, needs)
  await app.register(steerRoute, needs)
  await app.register(shutDownRoute, needs)
}
