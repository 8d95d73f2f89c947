import type { FastifyPluginAsync } from 'fastify'
import { type SocketNeeds, socketRoutes } from './sockets/routes.ts'
import { type EventNeeds, eventRoutes } from './streams/event-routes.ts'
import { type LogNeeds, logRoutes } from './streams/log-routes.ts'

export interface WatchNeeds extends EventNeeds, LogNeeds, SocketNeeds {}

/** Watching tasks and what they say, by WebSockets and Server-Sent Events. */
export const watchRoutes: FastifyPluginAsync<WatchNeeds> = async (app, needs) => {
  await app.register(socketRoutes, needs)
  await app.register(eventRoutes, needs)
  await app.register(logRoutes, needs)
}
