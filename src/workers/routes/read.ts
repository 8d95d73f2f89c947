import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { WorkerNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { First, Id } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { listWorkers } from '../list.ts'
import type { WorkerNeeds } from '../needs.ts'
import { WorkerBody, Workers } from '../schemas.ts'
import { mustFind } from './must-find.ts'

export const readRoutes: FastifyPluginAsyncTypebox<WorkerNeeds> = async (app, { db: { pool } }) => {
  app.get(
    '/api/workers',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listWorkers',
        summary: 'Workers, newest first',
        description: 'Running workers, and for a day those that have stopped or were lost.',
        querystring: First,
        response: { 200: answer(Workers, 'All workers'), ...readProblems() }
      }
    },
    async ({ query: { limit } }) => ({ items: (await listWorkers(pool)).slice(0, limit) })
  )

  app.get(
    '/api/workers/:id',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getWorker',
        summary: 'A worker and its running tasks',
        params: Id,
        response: {
          200: answer(WorkerBody, 'The worker as of its last heartbeat'),
          ...readProblems(WorkerNotFound)
        }
      }
    },
    async ({ params: { id } }) => mustFind(pool, id)
  )
}
