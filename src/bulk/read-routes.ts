import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '#database/connect.ts'
import { BulkNotFound, InvalidCursor } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id, Page } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { listBulk, mustFindBulk } from './queries.ts'
import { BulkBody, Bulks } from './schemas.ts'

interface BulkReadNeeds {
  db: Database
  reads: Database
}

export const bulkReadRoutes: FastifyPluginAsyncTypebox<BulkReadNeeds> = async (app, { db, reads }) => {
  app.get(
    '/api/bulk-operations',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'listBulkOperations',
        summary: 'Bulk operations, newest first',
        querystring: Page,
        response: { 200: answer(Bulks, 'A page of operations'), ...readProblems(InvalidCursor) }
      }
    },
    async ({ query, principal }) => listBulk(reads.pool, query, principal)
  )

  app.get(
    '/api/bulk-operations/:id',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'getBulkOperation',
        summary: 'A bulk operation',
        params: Id,
        response: { 200: answer(BulkBody, 'The operation'), ...readProblems(BulkNotFound) }
      }
    },
    async ({ params: { id }, principal }) => (await mustFindBulk(db.pool, id, principal)).operation
  )
}
