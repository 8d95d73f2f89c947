import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { byRequest } from '#audit/by.ts'
import { QueueNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { writeProblems } from '#schema/problems.ts'
import type { QueueNeeds } from '../needs.ts'
import { purgeQueue } from '../purge.ts'
import { queueExists } from '../queries.ts'
import { Name, Purged } from '../schemas.ts'

export const purgeRoute: FastifyPluginAsyncTypebox<QueueNeeds> = async (app, needs) => {
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
    async request => {
      const { name } = request.params
      if (!(await queueExists(needs.db.pool, name))) throw new QueueNotFound(name)
      return { name, purged: await purgeQueue(needs, name, byRequest(request)) }
    }
  )
}
