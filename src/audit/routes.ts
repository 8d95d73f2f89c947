import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '#database/connect.ts'
import { InvalidCursor } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { readProblems } from '#schema/problems.ts'
import { listLines } from './list.ts'
import type { Refusals } from './refusals.ts'
import { LineFilters, LinePage } from './schemas.ts'

interface AuditNeeds {
  db: Database
  refusals: Refusals
}

export const auditRoutes: FastifyPluginAsyncTypebox<AuditNeeds> = async (app, { db, refusals }) => {
  app.get(
    '/api/audit',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'listAudit',
        summary: 'Who did what, newest first',
        description:
          'Each act has one line, written by its own transaction and never changed: cancelling, retrying, changing and forgetting tasks, what was done to films, schedules, queues, workers and webhooks by HTTP, SQL or a command, and downloads of originals. Submissions have none. Lines stay for `AUDIT_EXPIRES`.',
        querystring: LineFilters,
        response: { 200: answer(LinePage, 'A page of lines'), ...readProblems(InvalidCursor) }
      }
    },
    async ({ query }) => {
      // Else refused requests would be missing for up to a minute.
      if (query.cursor === undefined) await refusals.flush()
      return listLines(db, query)
    }
  )
}
