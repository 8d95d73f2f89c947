import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { TaskNotFound, TooManyOpen } from '#errors.ts'
import { answer, bytesIn } from '#schema/answers.ts'
import { checkOf, refuse } from '#schema/check.ts'
import { Id } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { type AttemptLog, readLog, type Wanted } from '#tasks/log/read.ts'
import { LogBody, LogHeaders, LogQuery } from '#tasks/log/schemas.ts'
import { mustSeeTask } from '#tasks/read/sight.ts'
import { isLast, type LogLimits, placeIn, streamLog } from './log-stream.ts'
import { openStreams, streamLimits } from './open-streams.ts'

export interface LogNeeds {
  reads: Database
  logLimits?: LogLimits
}

const stream = 'text/event-stream'
const checkHeaders = checkOf(LogHeaders)
const usual: LogLimits = { ...streamLimits, every: 1_000 }

/** What a task's body says. */
export const logRoutes: FastifyPluginAsyncTypebox<LogNeeds> = async (app, { reads, logLimits: limits = usual }) => {
  const send = openStreams(app, limits)

  app.get(
    '/api/tasks/:id/log',
    {
      config: { scope: 'read', own: true, keepsOpen: 'streams' },
      schema: {
        operationId: 'getTaskLog',
        summary: 'What the body of a task logged and printed',
        description:
          'The last 8,192 characters of each attempt, of a running one as of a second ago. With `Accept: text/plain` the text alone. With `Accept: text/event-stream` what is there and then what is new each second, until no attempt can follow: `data` is an item of the JSON answer with the new text alone, a larger `from` than the client has read means that a part is missing, and the last event is `end`. `Last-Event-ID` goes on.',
        params: Id,
        querystring: LogQuery,
        headers: LogHeaders,
        response: {
          200: {
            ...bytesIn(['text/plain', stream], 'What its attempts said'),
            content: { 'application/json': { schema: LogBody }, 'text/plain': { schema: {} }, [stream]: { schema: {} } }
          },
          204: answer(Type.Null(), 'Of a stream: no more text; tells the browser not to reconnect'),
          ...readProblems(TaskNotFound, TooManyOpen)
        }
      }
    },
    async ({ params, query, headers, principal }, reply) => {
      const id = params.id.toLowerCase()
      await mustSeeTask(reads.pool, principal, params.id)
      const read = (wanted: Wanted) => readLog(reads, id, wanted)
      const problems = checkHeaders(headers)
      if (problems.length > 0) throw refuse(problems)
      const first = await read(query)
      if (!first) throw new TaskNotFound(params.id)

      const { accept = '' } = headers
      reply.header('cache-control', 'no-store')
      if (accept.startsWith('text/plain'))
        return reply.type('text/plain; charset=utf-8').send(textOf(first.items) as never)
      if (!accept.includes(stream)) return { items: first.items.map(({ isBehind: _, ...item }) => item) }

      const { attempt } = query
      const { 'last-event-id': last = '' } = headers
      // 204 tells the browser not to reconnect.
      if (isLast(last, first, attempt)) return reply.code(204).send(null as never)
      const story = { read, first, attempt, after: placeIn(last), limits }
      return send(reply as never, signal => streamLog({ ...story, signal })) as never
    }
  )
}

/** A line tells one attempt from the next, where there are several. */
function textOf(items: AttemptLog[]) {
  if (items.length === 1) return items[0]!.text
  return items.map(({ attempt, text }) => `--- attempt ${attempt}\n${text}${text.endsWith('\n') ? '' : '\n'}`).join('')
}
