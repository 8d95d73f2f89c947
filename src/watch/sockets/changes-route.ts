import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { maySee } from '#access/principal.ts'
import { CrossSite, RouteNotFound, TooManyOpen } from '#errors.ts'
import { keyed, problems } from '#schema/problems.ts'
import { ownerOf } from '#tasks/read/present.ts'
import type { Watching } from '#tasks/read/watch.ts'
import { ChangeFilters, closings, messages } from '../schemas.ts'
import { changesOf } from './changes.ts'
import type { Socket } from './connection.ts'
import { notAnAnswer } from './serve.ts'
import type { Sockets } from './sockets.ts'

interface ChangesSocketNeeds {
  sockets: Sockets
  watching: Watching
}

/** The WebSocket of every change. */
export const changesSocket: FastifyPluginAsyncTypebox<ChangesSocketNeeds> = async (app, { sockets, watching }) => {
  const listen = changesOf(watching)

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
