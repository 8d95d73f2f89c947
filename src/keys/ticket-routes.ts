import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { LimitExceeded } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { refuse } from '#schema/check.ts'
import { Time } from '#schema/common.ts'
import { bodyProblems } from '#schema/problems.ts'
import { plainPath, type Tickets } from './ticket.ts'

const NewTicket = Type.Object(
  {
    path: Type.String({
      maxLength: 1000,
      description: 'What it opens, with the filters: a WebSocket or an event stream'
    }),
    seconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3600,
        default: 60,
        description: 'How long a connection may be opened with it'
      })
    )
  },
  { additionalProperties: false, title: 'NewTicket', examples: [{ path: '/ws/tasks?queue=media', seconds: 30 }] }
)
const TicketBody = Type.Object({
  ticket: Type.String({
    description:
      'For a WebSocket as the subprotocol `darkroom.ticket.<ticket>` beside `darkroom.v1`; for an event stream as `?ticket=<ticket>`'
  }),
  expires_at: Time('When it opens nothing any more')
})

const watchable = /^\/(?:ws\/tasks(?:\/[^/]+)?|ws\/live|api\/tasks\/[^/]+\/(?:events|log))$/
const ofOneTask = /^\/(?:ws\/tasks\/|api\/tasks\/)/
// Seconds for what shows more than one task.
const longestForAll = 60

/** Tickets for pages of other origins. */
export const ticketRoutes: FastifyPluginAsyncTypebox<{ tickets: Tickets }> = async (app, { tickets }) => {
  app.post(
    '/api/tickets',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'makeTicket',
        summary: 'A ticket for a WebSocket or an event stream of a page elsewhere',
        description:
          'For what cannot send a header. It shows what its key may see, and ends with it; one for more than a single task lasts a minute at most.',
        body: NewTicket,
        response: { 201: answer(TicketBody, 'The ticket'), ...bodyProblems() }
      }
    },
    async ({ body: { path, seconds = 60 }, principal }, reply) => {
      const plain = URL.canParse(path, 'http://x') && path.startsWith('/') ? plainPath(path) : ''
      const [pathname = ''] = plain.split('?')
      if (!watchable.test(pathname)) {
        throw refuse([{ field: 'path', message: 'must be of a WebSocket or an event stream, such as /ws/tasks' }])
      }
      if (pathname === '/ws/live' && principal.ownOnly) {
        throw new LimitExceeded('own', 'it sees only what it has created, and this shows more')
      }
      const longest = ofOneTask.test(pathname) ? seconds : Math.min(seconds, longestForAll)
      const expires = Date.now() + longest * 1000
      reply.code(201)
      return {
        ticket: tickets.write({ key: principal.id, path: plain, expires }),
        expires_at: new Date(expires).toISOString()
      }
    }
  )
}
