import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { TaskNotFound, TooManyOpen } from '#errors.ts'
import { answer, bytesIn } from '#schema/answers.ts'
import { checkOf, refuse } from '#schema/check.ts'
import { Id, isUuid } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { mustSeeTask } from '#tasks/read/sight.ts'
import type { Watching } from '#tasks/read/watch.ts'
import { isFinal } from '#tasks/words.ts'
import { EventsHeaders, EventsQuery } from '../schemas.ts'
import { streamEvents } from './event-stream.ts'
import { historian } from './history.ts'
import { openStreams, type StreamLimits, streamLimits as usual } from './open-streams.ts'

export interface EventNeeds {
  db: Database
  watching: Watching
  streamLimits?: StreamLimits
}

const checkHeaders = checkOf(EventsHeaders)

/** The events of a task as Server-Sent Events, which a browser resumes by itself after a broken connection. */
export const eventRoutes: FastifyPluginAsyncTypebox<EventNeeds> = async (
  app,
  { db, watching, streamLimits: limits = usual }
) => {
  const read = historian(db)
  const send = openStreams(app, limits)

  app.get(
    '/api/tasks/:id/events',
    {
      config: { scope: 'read', own: true, keepsOpen: 'streams' },
      schema: {
        operationId: 'streamTaskEvents',
        summary: 'Events of a task (Server-Sent Events)',
        description:
          'Starts with the current status, or with the event after `Last-Event-ID`; 0 replays all that are kept. `data` is the JSON that `GET /api/tasks/{id}/status` answers. Messages without an `id` are progress between two events.',
        params: Id,
        querystring: EventsQuery,
        headers: EventsHeaders,
        response: {
          200: bytesIn(['text/event-stream'], 'Events until the final one', {
            'Cache-Control': Type.String({ description: '`no-cache`' }),
            'X-Accel-Buffering': Type.String({ description: '`no`: a proxy must not hold events back' })
          }),
          204: answer(Type.Null(), 'No more events; tells the browser not to reconnect'),
          ...readProblems(TaskNotFound, TooManyOpen)
        }
      }
    },
    async ({ params: { id }, query, headers, principal }, reply) => {
      const problems = checkHeaders(headers)
      if (problems.length > 0) throw refuse(problems)
      const asked = (headers['last-event-id'] || query.last_event_id) ?? null
      await mustSeeTask(db.pool, principal, id)
      const first = isUuid(id) ? await read(id.toLowerCase(), asked) : undefined
      if (!first) throw new TaskNotFound(id)

      // With an id that does not exist yet, all new events would count as seen, so the client starts at the end.
      const { latest, events, task } = first
      const after = latest === null ? null : asked !== null && Number(asked) > latest.id ? String(latest.id) : asked
      // No more events, now or later: 204 tells the browser not to reconnect.
      if (after !== null && events.length === 0 && isFinal(task.state)) return reply.code(204).send(null as never)

      const story = { watching, read, first, after, quiet: limits.quiet }
      return send(reply as never, signal => streamEvents({ ...story, signal })) as never
    }
  )
}
