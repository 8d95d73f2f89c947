import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { byRequest } from '#audit/by.ts'
import { recordAct } from '#audit/record.ts'
import type { InTransaction } from '#database/connect.ts'
import { IdempotencyKeyReused, ScheduleNotFound, UnknownQueue, VideoBusy } from '#errors.ts'
import { type Answer, keyOf, once, recall } from '#idempotency/once.ts'
import { say } from '#idempotency/reply.ts'
import { IdempotencyKey, Location, Replayed } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { writeProblems } from '#schema/problems.ts'
import type { Enqueued } from '#tasks/submit/enqueue.ts'
import type { ScheduleNeeds } from './add.ts'
import { backfill, runNow } from './run.ts'
import { Backfill, Backfilled, Named, TaskMade } from './schemas.ts'

/** The routes that make tasks of a schedule by hand. */
export const runRoutes: FastifyPluginAsyncTypebox<ScheduleNeeds> = async (app, needs) => {
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
      const { answer, replayed } = await makeOnce(needs, key, async trx => {
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
      return say(reply, answer, replayed) as TaskMade
    }
  )

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
      const { answer, replayed } = await makeOnce(needs, key, async trx => {
        const { schedule, enqueued, answer } = await backfill(needs, trx, id, body, principal)
        const detail = { name: schedule.name, ...body, count: answer.items.length }
        await recordAct(trx, byRequest(request), 'schedule.backfill', { type: 'schedule', id: schedule.id }, detail)
        return { enqueued, answer: { status: 202, body: answer } }
      })
      return say(reply, answer, replayed) as Backfilled
    }
  )
}

/** Tasks and answer in one transaction; the workers are woken after its commit. */
async function makeOnce(
  { db, voice }: Pick<ScheduleNeeds, 'db' | 'voice'>,
  key: ReturnType<typeof keyOf>,
  make: (trx: InTransaction) => Promise<{ enqueued: Enqueued[]; answer: Answer }>
) {
  const first = await recall(db, key)
  if (first) return { answer: first, replayed: true }
  let made: Enqueued[] = []
  const outcome = await once(db, key, async trx => {
    const { enqueued, answer } = await make(trx)
    made = enqueued
    return answer
  })
  if (!outcome.replayed) voice.enqueued(made)
  return outcome
}
