import type { FastifyPluginAsync } from 'fastify'
import type { ScheduleNeeds } from './add.ts'
import { addRoute } from './add-route.ts'
import { backfillRoute } from './backfill-route.ts'
import { editRoutes } from './edit-routes.ts'
import { previewRoutes } from './preview-routes.ts'
import { readRoutes } from './read-routes.ts'
import { runRoute } from './run-route.ts'

export const scheduleRoutes: FastifyPluginAsync<ScheduleNeeds> = async (app, needs) => {
  await app.register(readRoutes, needs)
  await app.register(previewRoutes, needs)
  await app.register(addRoute, needs)
  await app.register(editRoutes, needs)
  await app.register(runRoute, needs)
  await app.register(backfillRoute, needs)
}
