import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '#database/connect.ts'
import { InvalidCursor, ScheduleNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Page } from '#schema/common.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import { present, presentOccurrence } from './present.ts'
import { previewOf, previewRequest } from './preview.ts'
import { findSchedule, listOccurrences } from './queries.ts'
import { Named, Occurrences, Preview, PreviewCount, PreviewRequest, ScheduleBody } from './schemas.ts'
import type { SettingsDefaults } from './settings.ts'

interface ReadNeeds {
  db: Database
  scheduleDefaults: SettingsDefaults
}

/** The routes that read one schedule, and those that look ahead. */
export const readRoutes: FastifyPluginAsyncTypebox<ReadNeeds> = async (app, { db, scheduleDefaults }) => {
  app.get(
    '/api/schedules/:id',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getSchedule',
        summary: 'A schedule',
        params: Named,
        response: { 200: answer(ScheduleBody, 'The schedule'), ...readProblems(ScheduleNotFound) }
      }
    },
    async ({ params: { id } }) => present(await findSchedule(db.query, id))
  )

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

  app.get(
    '/api/schedules/:id/occurrences',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listOccurrences',
        summary: 'What became of the occurrences of a schedule, latest first',
        params: Named,
        querystring: Page,
        response: {
          200: answer(Occurrences, 'A page of occurrences'),
          ...readProblems(ScheduleNotFound, InvalidCursor)
        }
      }
    },
    async ({ params: { id }, query: { limit = 50, cursor } }) => {
      const schedule = await findSchedule(db.query, id)
      const { items, ...cursors } = await listOccurrences(db, schedule.id, limit, cursor)
      return { items: items.map(presentOccurrence), ...cursors }
    }
  )
}
