import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { WebhookNeeds } from './needs.ts'
import { addRoute } from './routes/add.ts'
import { changeRoutes } from './routes/change.ts'
import { deliveriesRoute } from './routes/deliveries.ts'
import { readRoutes } from './routes/read.ts'
import { replayRoute } from './routes/replay.ts'
import { rotateRoute } from './routes/rotate.ts'
import { testRoute } from './routes/send-test.ts'

/** The routes of webhooks and of their messages. */
export const webhookRoutes: FastifyPluginAsyncTypebox<WebhookNeeds> = async (app, needs) => {
  const routes = [readRoutes, addRoute, changeRoutes, rotateRoute, deliveriesRoute, testRoute, replayRoute]
  for (const each of routes) await app.register(each, needs)
}
