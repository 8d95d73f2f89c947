import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '#database/connect.ts'
import { InvalidCursor } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { readProblems } from '#schema/problems.ts'
import { currentProblems } from './current.ts'
import { listHistory } from './history.ts'
import { CurrentProblems, HistoryFilters, ProblemRecords } from './schemas.ts'
import { silenceRoutes } from './silence-routes.ts'

export interface ProblemRouteNeeds {
  db: Database
  dataDir: string
}

/** What is wrong, what was, and what webhooks are not told of. */
export const problemRoutes: FastifyPluginAsyncTypebox<ProblemRouteNeeds> = async (app, { db, dataDir }) => {
  await app.register(silenceRoutes, { db })

  app.get(
    '/api/problems',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listProblems',
        summary: 'What is wrong now, worst first',
        description:
          'For dashboards and alerts: paused queues, missing and lost workers, late schedules, kinds that fail, locks, the disk.',
        response: { 200: answer(CurrentProblems, 'The problems'), ...readProblems() }
      }
    },
    async () => ({ items: await currentProblems({ pool: db.pool, dataDir }) })
  )

  app.get(
    '/api/problems/history',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listProblemHistory',
        summary: 'Problems that are open, and those that were, newest first',
        description:
          'One opens when it has stood for 30 s (critical), 2 min (warning) or 10 min (notice), and closes when it has been gone for 5 min, or for longer the more often it has come back. Webhooks are told of both.',
        querystring: HistoryFilters,
        response: { 200: answer(ProblemRecords, 'A page of problems'), ...readProblems(InvalidCursor) }
      }
    },
    async ({ query }) => listHistory(db, query)
  )
}
