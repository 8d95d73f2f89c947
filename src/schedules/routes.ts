import type { FastifyPluginAsync } from 'fastify'
import type { ScheduleNeeds } from './acts/add.ts'
import { addRoute } from './routes/add.ts'
import { backfillRoute } from './routes/backfill.ts'
import { editRoutes } from './routes/edit.ts'
import { previewRoutes } from './routes/preview.ts'
import { readRoutes } from './routes/read.ts'
import { runRoute } from './routes/run.ts'

export const scheduleRoutes: FastifyPluginAsync<ScheduleNeeds> = async (app, needs) => {
  await app.register(readRoutes, needs)
  await app.register(previewRoutes, needs)
  await app.register(addRoute, needs)
  await app.register(editRoutes, needs)
  await app.register(runRoute, needs)
  await app.register(backfillRoute, needs)
}
