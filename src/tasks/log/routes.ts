import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import type { Database } from '#database/connect.ts'
import { TaskNotFound, TooManyOpen } from '#errors.ts'
import { bytesIn } from '#schema/answers.ts'
import { checkOf, refuse } from '#schema/check.ts'
import { Id } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { type AttemptLog, readLog, type Wanted } from './read.ts'
import { LogBody, LogHeaders, LogQuery } from './schemas.ts'
import { type LogLimits, logLimits, type Place, streamLog } from './stream.ts'

export interface LogNeeds {
  reads: Database
  logLimits?: LogLimits
}

const stream = 'text/event-stream'
const checkHeaders = checkOf(LogHeaders)
// Milliseconds that clients have after a stop to read what is written.
const farewell = 1_000

/** What a task's body says. */
export const logRoutes: FastifyPluginAsyncTypebox<LogNeeds> = async (app, { reads, logLimits: limits = logLimits }) => {
  const open = new Set<() => void>()
  app.addHook('preClose', async () => {
    for (const stop of open) stop()
  })

  /** Ends with the client, or with the API. */
  function whileConnected({ raw }: FastifyReply) {
    const gone = new AbortController()
    const cut = () => raw.destroy()
    const stop = () => {
      gone.abort()
      setTimeout(cut, farewell).unref()
    }
    open.add(stop)
    raw.once('close', () => {
      open.delete(stop)
      gone.abort()
    })
    return { signal: gone.signal, cut }
  }

  app.get(
    '/api/tasks/:id/log',
    {
      config: { keepsOpen: 'streams' },
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
          ...readProblems(TaskNotFound, TooManyOpen)
        }
      }
    },
    async ({ method, params, query, headers }, reply) => {
      const id = params.id.toLowerCase()
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

      reply.headers({ 'content-type': stream, 'x-accel-buffering': 'no' })
      if (method === 'HEAD') return reply.send('' as never)
      const after = placeIn(headers['last-event-id'])
      const story = streamLog({ read, first, attempt: query.attempt, after, limits, ...whileConnected(reply) })
      return reply.send(Readable.from(story, { objectMode: false }) as never)
    }
  )
}

function placeIn(id: string | undefined): Place {
  const [attempt = 0, position = 0] = (id || '0:0').split(':').map(Number)
  return { attempt, position }
}

/** A line tells one attempt from the next, where there are several. */
function textOf(items: AttemptLog[]) {
  if (items.length === 1) return items[0]!.text
  return items.map(({ attempt, text }) => `--- attempt ${attempt}\n${text}${text.endsWith('\n') ? '' : '\n'}`).join('')
}
