import type { FastifyPluginAsync } from 'fastify'
import type { Database } from '#database/connect.ts'
import type { Voice } from '#tasks/voice.ts'
import { listRoute } from './routes/list.ts'
import { pauseRoutes } from './routes/pause.ts'
import { purgeRoute } from './routes/purge.ts'

export interface QueueNeeds {
  db: Database
  voice: Voice
}

export const queueRoutes: FastifyPluginAsync<QueueNeeds> = async (app, needs) => {
  await app.register(listRoute, needs)
  await app.register(pauseRoutes, needs)
  await app.register(purgeRoute, needs)
}
