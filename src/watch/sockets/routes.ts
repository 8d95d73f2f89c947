import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import type { Watching } from '#tasks/read/watch.ts'
import { changesSocket } from './changes-route.ts'
import type { SocketLimits } from './connection.ts'
import { serveSockets } from './serve.ts'
import type { Sockets } from './sockets.ts'
import { taskSocket } from './task-route.ts'

export interface SocketNeeds {
  watching: Watching
  socketLimits?: SocketLimits
  /** Registers other routes of WebSockets. */
  more?: (app: FastifyInstance, sockets: Sockets) => Promise<void>
}

/** WebSockets: of one task until it is finished, or of all. */
export const socketRoutes: FastifyPluginAsync<SocketNeeds> = async (app, { watching, socketLimits, more }) => {
  const sockets = await serveSockets(app, socketLimits)
  await more?.(app, sockets)
  await app.register(taskSocket, { sockets, watching })
  await app.register(changesSocket, { sockets, watching })
}
