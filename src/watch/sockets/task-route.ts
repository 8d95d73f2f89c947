import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Static } from 'typebox'
import { maySee } from '#access/principal.ts'
import { CrossSite, RouteNotFound, TooManyOpen } from '#errors.ts'
import { Id, isUuid } from '#schema/common.ts'
import { keyed, problems } from '#schema/problems.ts'
import { ownerOf } from '#tasks/read/present.ts'
import type { Watching } from '#tasks/read/watch.ts'
import { isFinal } from '#tasks/words.ts'
import { messageOf } from '../message.ts'
import { closings, messages } from '../schemas.ts'
import type { Socket } from './connection.ts'
import { notAnAnswer } from './serve.ts'
import type { Sockets } from './sockets.ts'

interface TaskSocketNeeds {
  sockets: Sockets
  watching: Watching
}

/** The WebSocket of one task until it is finished. */
export const taskSocket: FastifyPluginAsyncTypebox<TaskSocketNeeds> = async (app, { sockets, watching }) => {
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
}
