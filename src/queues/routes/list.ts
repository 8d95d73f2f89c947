import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '#database/connect.ts'
import { answer } from '#schema/answers.ts'
import { First } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { listQueues } from '../queries.ts'
import { Queues } from '../schemas.ts'

export const listRoute: FastifyPluginAsyncTypebox<{ db: Database }> = async (app, { db }) => {
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
}
