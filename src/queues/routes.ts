import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { QueueNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { First, Nullable, Time } from '#schema/common.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import type { Voice } from '#tasks/voice.ts'
import { purgeQueue } from './purge.ts'
import { listQueues, pauseQueue, queueExists, resumeQueue } from './queries.ts'

export interface QueueNeeds {
  db: Database
  voice: Voice
}

const Name = Type.Object({ name: Type.String({ examples: ['media'] }) })

const QueueBody = Type.Object(
  {
    name: Type.String(),
    depth: Type.Integer({ description: 'tasks that wait and could run now' }),
    oldest_age: Nullable(Type.Number({ description: 'seconds that the oldest of them has waited' })),
    running: Type.Integer({
      description: 'tasks whose bodies run; what a worker holds ahead of its child processes is not counted'
    }),
    workers: Type.Integer({ description: 'running workers that take from it; paused and ending ones are not counted' }),
    paused: Type.Boolean({ description: 'whether workers leave its tasks alone' }),
    paused_at: Type.Unsafe<Date | null>(Nullable(Time)),
    per_minute: Type.Object({
      created: Type.Integer({ description: 'tasks that came in during the last minute' }),
      finished: Type.Integer({ description: 'tasks that ended in it' })
    })
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
        per_minute: { created: 4, finished: 1 }
      }
    ]
  }
)

const Queues = Type.Object({ items: Type.Array(QueueBody) })
const Purged = Type.Object({ name: Type.String(), purged: Type.Integer({ description: 'tasks that were revoked' }) })

export const queueRoutes: FastifyPluginAsyncTypebox<QueueNeeds> = async (app, needs) => {
  const { db, voice } = needs

  app.get(
    '/api/queues',
    {
      schema: {
        summary: 'Every queue',
        querystring: First,
        response: { 200: answer(Queues, 'All of them, by name'), ...readProblems() }
      }
    },
    async ({ query: { limit } }) => ({ items: (await listQueues(db.pool)).slice(0, limit) })
  )

  app.post(
    '/api/queues/:name/pause',
    {
      schema: {
        summary: 'Stop taking from a queue',
        description: 'It still accepts tasks and keeps them; attempts that run go on.',
        params: Name,
        response: { 200: answer(QueueBody, 'It is paused'), ...writeProblems(QueueNotFound) }
      }
    },
    async ({ params: { name } }) => steer(name, pauseQueue)
  )

  app.post(
    '/api/queues/:name/resume',
    {
      schema: {
        summary: 'Take from a queue again',
        params: Name,
        response: { 200: answer(QueueBody, 'It is not paused'), ...writeProblems(QueueNotFound) }
      }
    },
    async ({ params: { name } }) => {
      const queue = await steer(name, resumeQueue)
      voice.wake(name)
      return queue
    }
  )

  app.post(
    '/api/queues/:name/purge',
    {
      schema: {
        summary: 'Revoke what waits in a queue',
        params: Name,
        response: { 200: answer(Purged, 'Nothing waits in it'), ...writeProblems(QueueNotFound) }
      }
    },
    async ({ params: { name } }) => {
      if (!(await queueExists(db.pool, name))) throw new QueueNotFound(name)
      return { name, purged: await purgeQueue(needs, name) }
    }
  )

  async function steer(name: string, change: typeof pauseQueue) {
    if (!(await queueExists(db.pool, name))) throw new QueueNotFound(name)
    await change(db.pool, name)
    const queue = (await listQueues(db.pool)).find(queue => queue.name === name)
    if (!queue) throw new QueueNotFound(name)
    return queue
  }
}
