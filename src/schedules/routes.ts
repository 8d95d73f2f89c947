import type { FastifyPluginAsync } from 'fastify'
import type { ScheduleNeeds } from './add.ts'
import { addRoute } from './add-route.ts'
import { editRoutes } from './edit-routes.ts'
import { previewRoutes } from './preview-routes.ts'
import { readRoutes } from './read-routes.ts'
import { runRoutes } from './run-routes.ts'

export const scheduleRoutes: FastifyPluginAsync<ScheduleNeeds> = async (app, needs) => {
  await app.register(readRoutes, needs)
  await app.register(previewRoutes, needs)
  await app.register(addRoute, needs)
  await app.register(editRoutes, needs)
  await app.register(runRoutes, needs)
}
