import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '#database/connect.ts'
import { TaskNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { First, Id } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { listAttempts } from '#tasks/attempts/list.ts'
import { Attempts } from '#tasks/attempts/schemas.ts'
import { Timeline } from '#tasks/read/schemas.ts'
import { mustSeeTask } from '#tasks/read/sight.ts'
import { readTimeline } from '#tasks/read/timeline.ts'

/** What happened to a task. */
export const historyRoutes: FastifyPluginAsyncTypebox<{ reads: Database }> = async (app, { reads }) => {
  app.get(
    '/api/tasks/:id/timeline',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'getTaskTimeline',
        summary: 'What happened to a task: waits, attempts, events',
        description: 'The newest 1,000 attempts and events.',
        params: Id,
        response: { 200: answer(Timeline, 'In order'), ...readProblems(TaskNotFound) }
      }
    },
    async ({ params: { id }, principal }) => {
      await mustSeeTask(reads.pool, principal, id)
      const items = await readTimeline(reads.pool, id)
      if (!items) throw new TaskNotFound(id)
      return { items }
    }
  )

  app.get(
    '/api/tasks/:id/attempts',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'listAttempts',
        summary: 'Attempts of a task',
        params: Id,
        querystring: First,
        response: {
          200: answer(Attempts, 'First to last; a running attempt has no outcome yet'),
          ...readProblems(TaskNotFound)
        }
      }
    },
    async ({ params: { id }, query: { limit }, principal }) => {
      await mustSeeTask(reads.pool, principal, id)
      const items = await listAttempts(reads, id)
      if (!items) throw new TaskNotFound(id)
      return { items: items.slice(0, limit) }
    }
  )
}
