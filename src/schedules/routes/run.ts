import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { byRequest } from '#audit/by.ts'
import { recordAct } from '#audit/record.ts'
import { IdempotencyKeyReused, ScheduleNotFound, UnknownQueue, VideoBusy } from '#errors.ts'
import { keyOf } from '#idempotency/once.ts'
import { replyOnce } from '#idempotency/reply.ts'
import { IdempotencyKey, Location, Replayed } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { writeProblems } from '#schema/problems.ts'
import { enqueueOnce } from '#tasks/submit/once.ts'
import type { ScheduleNeeds } from '../acts/add.ts'
import { runNow } from '../acts/run.ts'
import { Named, TaskMade } from '../schemas.ts'

/** Makes a task of a schedule by hand. */
export const runRoute: FastifyPluginAsyncTypebox<ScheduleNeeds> = async (app, needs) => {
  app.post(
    '/api/schedules/:id/run',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'runSchedule',
        summary: 'Run a schedule now',
        description: 'Makes a task at once, also of a disabled schedule. Its next occurrence stays as it is.',
        params: Named,
        headers: IdempotencyKey,
        response: {
          202: answer(TaskMade, 'The task', { Location, ...Replayed }),
          ...writeProblems(ScheduleNotFound, UnknownQueue, VideoBusy, IdempotencyKeyReused)
        }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      const key = keyOf(request, `POST /api/schedules/${id}/run`, {})
      return replyOnce<TaskMade>(reply, needs.db, key, () =>
        enqueueOnce(needs, key, async trx => {
          const { schedule, task_id, enqueued } = await runNow(needs, trx, id, request.principal)
          const { name } = schedule
          await recordAct(
            trx,
            byRequest(request),
            'schedule.run',
            { type: 'schedule', id: schedule.id },
            { name, task_id }
          )
          return { enqueued, answer: { status: 202, location: `/api/tasks/${task_id}`, body: { task_id } } }
        })
      )
    }
  )
}
