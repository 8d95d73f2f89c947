import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { byRequest } from '#audit/by.ts'
import { recordAct } from '#audit/record.ts'
import { IdempotencyKeyReused, KindInternal, ScheduleNameTaken, UnknownQueue, UnknownTask } from '#errors.ts'
import { keyOf, once } from '#idempotency/once.ts'
import { replyOnce } from '#idempotency/reply.ts'
import { IdempotencyKey, Location, Replayed } from '#idempotency/schemas.ts'
import { dueQueue } from '#queue/boss.ts'
import { answer } from '#schema/answers.ts'
import { writeProblems } from '#schema/problems.ts'
import { addSchedule, type ScheduleNeeds } from '../acts/add.ts'
import { present } from '../present.ts'
import { NewSchedule, ScheduleBody } from '../schemas.ts'

/** The route that makes schedules. */
export const addRoute: FastifyPluginAsyncTypebox<ScheduleNeeds> = async (app, needs) => {
  const { db, voice } = needs

  app.post(
    '/api/schedules',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'addSchedule',
        summary: 'Add a schedule',
        description:
          'Exactly one of `cron`, `every` and `at` says when it is due. Options of its tasks are those of a submission.',
        headers: IdempotencyKey,
        body: NewSchedule,
        response: {
          201: answer(ScheduleBody, 'The schedule', { Location, ...Replayed }),
          ...writeProblems(UnknownTask, UnknownQueue, KindInternal, ScheduleNameTaken, IdempotencyKeyReused)
        }
      }
    },
    async (request, reply) => {
      const { body, principal } = request
      const key = keyOf(request, 'POST /api/schedules', body)
      return replyOnce<ScheduleBody>(reply, db, key, async () => {
        const outcome = await once(db, key, async trx => {
          const schedule = await addSchedule(needs, trx, body, principal)
          await recordAct(
            trx,
            byRequest(request),
            'schedule.add',
            { type: 'schedule', id: schedule.id },
            { name: schedule.name }
          )
          return { status: 201, location: `/api/schedules/${schedule.id}`, body: present(schedule) }
        })
        voice.wake(dueQueue)
        return outcome
      })
    }
  )
}
