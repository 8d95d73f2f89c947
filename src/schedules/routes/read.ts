import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '#database/connect.ts'
import { InvalidCursor, ScheduleNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Page } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { present, presentOccurrence } from '../present.ts'
import { findSchedule, listOccurrences, listSchedules } from '../queries.ts'
import { Named, Occurrences, ScheduleBody, ScheduleFilters, Schedules } from '../schemas.ts'

/** The routes that say what schedules there are, and what has become of their occurrences. */
export const readRoutes: FastifyPluginAsyncTypebox<{ db: Database }> = async (app, { db }) => {
  app.get(
    '/api/schedules',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listSchedules',
        summary: 'Schedules, newest first',
        description: "Also Darkroom's own, which are marked `system`.",
        querystring: ScheduleFilters,
        response: { 200: answer(Schedules, 'A page of schedules'), ...readProblems(InvalidCursor) }
      }
    },
    async ({ query }) => {
      const { items, ...cursors } = await listSchedules(db, query)
      return { items: items.map(present), ...cursors }
    }
  )

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
