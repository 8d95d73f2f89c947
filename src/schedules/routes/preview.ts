import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '#database/connect.ts'
import { ScheduleNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import { previewOf, previewRequest } from '../acts/preview.ts'
import { findSchedule } from '../queries.ts'
import { Named, Preview, PreviewCount, PreviewRequest } from '../schemas.ts'
import type { SettingsDefaults } from '../settings/settings.ts'

interface PreviewNeeds {
  db: Database
  scheduleDefaults: SettingsDefaults
}

/** The routes that look ahead: when a schedule will be due, or would be. */
export const previewRoutes: FastifyPluginAsyncTypebox<PreviewNeeds> = async (app, { db, scheduleDefaults }) => {
  app.get(
    '/api/schedules/:id/preview',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'previewSchedule',
        summary: 'When a schedule will be due',
        description: 'Also of a disabled one: when it would be due if it were enabled now.',
        params: Named,
        querystring: PreviewCount,
        response: { 200: answer(Preview, 'The next occurrences'), ...readProblems(ScheduleNotFound) }
      }
    },
    async ({ params: { id }, query: { count = 10 } }) => previewOf(db, await findSchedule(db.query, id), count)
  )

  app.post(
    '/api/schedules/preview',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'previewTiming',
        summary: 'When a schedule would be due',
        description: 'Of a timing that is not saved.',
        body: PreviewRequest,
        response: { 200: answer(Preview, 'The next occurrences'), ...writeProblems() }
      }
    },
    async ({ body }) => previewRequest(db, body, scheduleDefaults)
  )
}
