import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import { maySee } from '#access/principal.ts'
import { CrossSite, RouteNotFound, TooManyOpen } from '#errors.ts'
import { Id, isUuid } from '#schema/common.ts'
import { keyed, problems } from '#schema/problems.ts'
import { ownerOf } from '#tasks/read/present.ts'
import type { Watching } from '#tasks/read/watch.ts'
import { isFinal } from '#tasks/words.ts'
import { changesOf } from './changes.ts'
import { longestFromClient, type Socket, type SocketLimits } from './connection.ts'
import { messageOf } from './message.ts'
import { ChangeFilters, closings, messages } from './schemas.ts'
import { keepSockets, type Sockets } from './sockets.ts'
import { isForWatchers } from './upgrade.ts'

export interface SocketNeeds {
  watching: Watching
  socketLimits?: SocketLimits
  /** Registers other routes of WebSockets. */
  more?: (app: FastifyInstance, sockets: Sockets) => Promise<void>
}

/** WebSockets: of one task until it is finished, or of all. */
export const socketRoutes: FastifyPluginAsyncTypebox<SocketNeeds> = async (app, { watching, socketLimits, more }) => {
  const sockets = keepSockets(socketLimits)
  const listen = changesOf(watching)

  await app.register(websocket, {
    // Pings count as messages, so that a client that floods us gets a close code; `ws` would only drop the connection
    // once its pongs pile up.
    options: {
      maxPayload: longestFromClient,
      maxPendingAutoPongs: 0,
      // A client that offers a ticket offers this, too; the ticket itself is not said back.
      handleProtocols: (offered: Set<string>) =>
        offered.has('darkroom.v1')
          ? 'darkroom.v1'
          : (offered.values().find(each => !each.startsWith('darkroom.')) ?? false)
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

  await more?.(app, sockets)

  app.route({
    method: 'GET',
    url: '/ws/tasks/:id',
    config: { scope: 'read', own: true, keepsOpen: 'sockets' },
    schema: {
      operationId: 'watchTask',
      summary: 'Status of a task until it ends (WebSocket)',
      description:
        'The current status at once, then one message on each change. Closed with 1000 after the final one, 4401 when the key or session ends, 4404 if there is no such task, 1013 if the client reads too slowly, 1001 when the API stops.',
      params: Id,
      response: { 101: messages, ...problems(...keyed, RouteNotFound, CrossSite, TooManyOpen) }
    },
    handler: notAnAnswer,
    wsHandler(socket: Socket, request) {
      const { id } = request.params as Static<typeof Id>
      const { principal } = request
      let last: Buffer | undefined
      let stop = () => {}
      const connection = sockets.adopt(socket, request, () => stop())
      if (!isUuid(id)) connection.end(closings.unknown)
      if (connection.ended) return

      stop = watching.watch(id, task => {
        if (!task || !maySee(principal, ownerOf(task))) return connection.end(closings.unknown)
        const message = messageOf(task)
        if (!last?.equals(message)) connection.send(message)
        last = message
        if (isFinal(task.state)) connection.end(closings.finished)
      })
    }
  })

  app.route({
    method: 'GET',
    url: '/ws/tasks',
    config: { scope: 'read', own: true, keepsOpen: 'sockets' },
    schema: {
      operationId: 'watchTasks',
      summary: 'Every change of every task (WebSocket)',
      description:
        'Closed with 4401 when the key or session ends, with 1013 if the client reads too slowly or changes were missed, with 1001 when the API stops.',
      querystring: ChangeFilters,
      response: { 101: messages, ...problems(...keyed, RouteNotFound, CrossSite, TooManyOpen) }
    },
    handler: notAnAnswer,
    wsHandler(socket: Socket, request) {
      const wanted = request.query as ChangeFilters
      const { principal } = request
      let stop = () => {}
      const connection = sockets.adopt(socket, request, () => stop())
      if (connection.ended) return

      stop = listen({
        hear(task, message) {
          if (!maySee(principal, ownerOf(task))) return
          if (wanted.task !== undefined && task.task !== wanted.task) return
          if (wanted.queue !== undefined && task.queue !== wanted.queue) return
          if (wanted.state !== undefined && task.state !== wanted.state) return
          connection.send(message)
        },
        lost: () => connection.end(closings.missed)
      })
    }
  })
}

/** A GET without an upgrade. */
async function notAnAnswer({ method, originalUrl }: { method: string; originalUrl: string }): Promise<never> {
  throw new RouteNotFound(method, originalUrl.split('?')[0])
}
