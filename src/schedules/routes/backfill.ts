import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { byRequest } from '#audit/by.ts'
import { recordAct } from '#audit/record.ts'
import { IdempotencyKeyReused, ScheduleNotFound, UnknownQueue, VideoBusy } from '#errors.ts'
import { keyOf } from '#idempotency/once.ts'
import { replyOnce } from '#idempotency/reply.ts'
import { IdempotencyKey, Replayed } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { writeProblems } from '#schema/problems.ts'
import { enqueueOnce } from '#tasks/submit/once.ts'
import type { ScheduleNeeds } from '../acts/add.ts'
import { backfill } from '../acts/run.ts'
import { Backfill, Backfilled, Named } from '../schemas.ts'

/** Makes the tasks of occurrences of the past. */
export const backfillRoute: FastifyPluginAsyncTypebox<ScheduleNeeds> = async (app, needs) => {
  app.post(
    '/api/schedules/:id/backfill',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'backfillSchedule',
        summary: 'Make the tasks of past occurrences',
        description:
          'Each occurrence from `from` to `to` that has made no task makes one now; at most 1,000 at a time.',
        params: Named,
        headers: IdempotencyKey,
        body: Backfill,
        response: {
          202: answer(Backfilled, 'The tasks', Replayed),
          ...writeProblems(ScheduleNotFound, UnknownQueue, VideoBusy, IdempotencyKeyReused)
        }
      }
    },
    async (request, reply) => {
      const { body, principal } = request
      const { id } = request.params
      const key = keyOf(request, `POST /api/schedules/${id}/backfill`, body)
      return replyOnce<Backfilled>(reply, needs.db, key, () =>
        enqueueOnce(needs, key, async trx => {
          const { schedule, enqueued, answer } = await backfill(needs, trx, id, body, principal)
          const detail = { name: schedule.name, ...body, count: answer.items.length }
          await recordAct(trx, byRequest(request), 'schedule.backfill', { type: 'schedule', id: schedule.id }, detail)
          return { enqueued, answer: { status: 202, body: answer } }
        })
      )
    }
  )
}
