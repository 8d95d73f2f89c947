import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import { RouteNotFound } from '#errors.ts'
import type { Socket, SocketLimits } from './connection.ts'
import { keepSockets, type Sockets } from './sockets.ts'
import { isForWatchers } from './upgrade.ts'

// Clients of most routes send nothing. A longer message closes the socket before it is read: 1009.
export const longestFromClient = 4 * 1024

/** Has Fastify take upgrades, for the routes of WebSockets that are registered after it. */
export async function serveSockets(app: FastifyInstance, limits: SocketLimits | undefined): Promise<Sockets> {
  const sockets = keepSockets(limits)
  await app.register(websocket, {
    // Pings count as messages, so that a client that floods us gets a close code; `ws` would only drop the connection
    // once its pongs pile up.
    options: {
      maxPayload: longestFromClient,
      maxPendingAutoPongs: 0,
      // The ticket is said back only to a client that offers nothing else: browsers take one of what they have offered.
      handleProtocols: (offered: Set<string>) =>
        offered.has('darkroom.v1')
          ? 'darkroom.v1'
          : (offered.values().find(each => !each.startsWith('darkroom.')) ?? offered.values().next().value ?? false)
    },
    errorHandler: (error, socket, request) => sockets.fail(error, socket as Socket, request.log),
    async preClose() {
      app.websocketServer.close()
      await sockets.close()
    }
  })

  // After a refused upgrade Node no longer manages the connection, so nothing else would close it.
  app.addHook('onResponse', async ({ raw }) => {
    if (isForWatchers(raw)) raw.socket.destroy()
  })
  return sockets
}

/** A GET without an upgrade. */
export async function notAnAnswer({ method, originalUrl }: { method: string; originalUrl: string }): Promise<never> {
  throw new RouteNotFound(method, originalUrl.split('?')[0])
}
