import type { FastifyPluginAsync } from 'fastify'
import { type EventNeeds, eventRoutes } from './event-routes.ts'
import { type SocketNeeds, socketRoutes } from './socket-routes.ts'

export interface WatchNeeds extends EventNeeds, SocketNeeds {}

/** Watching tasks, by WebSockets and Server-Sent Events. */
export const watchRoutes: FastifyPluginAsync<WatchNeeds> = async (app, needs) => {
  await app.register(socketRoutes, needs)
  await app.register(eventRoutes, needs)
}
