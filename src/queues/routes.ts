import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { QueueNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { refuse } from '#schema/check.ts'
import { First, Nullable, Time } from '#schema/common.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import type { Voice } from '#tasks/voice.ts'
import { purgeQueue } from './purge.ts'
import { listQueues, pauseQueue, queueExists, resumeQueue } from './queries.ts'

export interface QueueNeeds {
  db: Database
  voice: Voice
}

const Name = Type.Object({ name: Type.String({ description: 'Name of the queue', examples: ['media'] }) })

const QueueBody = Type.Object(
  {
    name: Type.String({ description: 'Name' }),
    depth: Type.Integer({ description: 'Waiting tasks that could run now' }),
    oldest_age: Nullable(Type.Number({ description: 'Seconds for which the oldest of them has waited' })),
    running: Type.Integer({
      description: 'Tasks whose bodies run; tasks that a worker holds ahead are not counted'
    }),
    workers: Type.Integer({ description: 'Running workers that take from it; paused and ending ones are not counted' }),
    paused: Type.Boolean({ description: 'Whether workers take no tasks from it' }),
    paused_at: Type.Unsafe<Date | null>(Nullable(Time('When it was paused'))),
    paused_by: Nullable(Type.String({ description: 'What paused it: an address, or a role of Postgres' })),
    reason: Nullable(Type.String({ description: 'Why it is paused' })),
    until: Type.Unsafe<Date | null>(Nullable(Time('When it resumes by itself'))),
    pickup_p95: Nullable(
      Type.Number({
        description:
          'Seconds from when a task was due to the start of its body: 95 % of the starts of the last 15 minutes waited less; null where none started'
      })
    ),
    per_minute: Type.Object(
      {
        created: Type.Integer({ description: 'Submitted tasks' }),
        finished: Type.Integer({ description: 'Finished tasks' })
      },
      { description: 'During the last minute' }
    )
  },
  {
    title: 'Queue',
    examples: [
      {
        name: 'media',
        depth: 3,
        oldest_age: 12.5,
        running: 2,
        workers: 1,
        paused: false,
        paused_at: null,
        paused_by: null,
        reason: null,
        until: null,
        pickup_p95: 0.128,
        per_minute: { created: 4, finished: 1 }
      }
    ]
  }
)

const Pause = Type.Object(
  {
    reason: Type.Optional(Type.String({ maxLength: 500, description: 'Why, for people' })),
    until: Type.Optional(Time('When the queue resumes by itself'))
  },
  { additionalProperties: false, default: {}, examples: [{ reason: 'the disk is full' }] }
)

const Queues = Type.Object({ items: Type.Array(QueueBody, { description: 'By name' }) })
const Purged = Type.Object({
  name: Type.String({ description: 'Name of the queue' }),
  purged: Type.Integer({ description: 'Tasks that were revoked' })
})

export const queueRoutes: FastifyPluginAsyncTypebox<QueueNeeds> = async (app, needs) => {
  const { db, voice } = needs

  app.get(
    '/api/queues',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listQueues',
        summary: 'Queues',
        querystring: First,
        response: { 200: answer(Queues, 'All queues'), ...readProblems() }
      }
    },
    async ({ query: { limit } }) => ({ items: (await listQueues(db.pool)).slice(0, limit) })
  )

  app.post(
    '/api/queues/:name/pause',
    {
      preValidation: async request => {
        request.body ??= {}
      },
      config: { scope: 'operate' },
      schema: {
        operationId: 'pauseQueue',
        summary: 'Pause a queue',
        description: 'A paused queue still accepts tasks; running tasks finish.',
        params: Name,
        body: Pause,
        response: { 200: answer(QueueBody, 'The queue, paused'), ...writeProblems(QueueNotFound) }
      }
    },
    async ({ params: { name }, body, principal }) => {
      const { reason = null, until = null } = body
      if (until !== null && Date.parse(until) <= Date.now()) {
        throw refuse([{ field: 'until', message: 'must be in the future' }])
      }
      return steer(name, () => pauseQueue(db.pool, name, { by: principal.name ?? principal.address, reason, until }))
    }
  )

  app.post(
    '/api/queues/:name/resume',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'resumeQueue',
        summary: 'Resume a queue',
        params: Name,
        response: { 200: answer(QueueBody, 'The queue, not paused'), ...writeProblems(QueueNotFound) }
      }
    },
    async ({ params: { name } }) => {
      const queue = await steer(name, () => resumeQueue(db.pool, name))
      voice.wake(name)
      return queue
    }
  )

  app.post(
    '/api/queues/:name/purge',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'purgeQueue',
        summary: 'Purge a queue',
        description: 'Revokes its waiting tasks.',
        params: Name,
        response: { 200: answer(Purged, 'How many tasks were revoked'), ...writeProblems(QueueNotFound) }
      }
    },
    async ({ params: { name } }) => {
      if (!(await queueExists(db.pool, name))) throw new QueueNotFound(name)
      return { name, purged: await purgeQueue(needs, name) }
    }
  )

  async function steer(name: string, change: () => Promise<void>) {
    if (!(await queueExists(db.pool, name))) throw new QueueNotFound(name)
    await change()
    const queue = (await listQueues(db.pool)).find(queue => queue.name === name)
    if (!queue) throw new QueueNotFound(name)
    return queue
  }
}
