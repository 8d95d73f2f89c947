import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database, InTransaction } from '#database/connect.ts'
import {
  IdempotencyKeyReused,
  InvalidCursor,
  KindInternal,
  ScheduleNameTaken,
  ScheduleNotFound,
  SystemSchedule,
  UnknownQueue,
  UnknownTask,
  VideoBusy
} from '#errors.ts'
import { type Answer, keyOf, once, recall } from '#idempotency/once.ts'
import { say } from '#idempotency/reply.ts'
import { IdempotencyKey, Location, Replayed } from '#idempotency/schemas.ts'
import { dueQueue } from '#queue/boss.ts'
import { answer } from '#schema/answers.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import type { Enqueued } from '#tasks/submit/enqueue.ts'
import type { Voice } from '#tasks/voice.ts'
import { type AddNeeds, addSchedule } from './add.ts'
import { editSchedule } from './edit.ts'
import { present } from './present.ts'
import { listSchedules } from './queries.ts'
import { readRoutes } from './read-routes.ts'
import { removeSchedule } from './remove.ts'
import { backfill, runNow } from './run.ts'
import {
  Backfill,
  Backfilled,
  Named,
  NewSchedule,
  ScheduleBody,
  ScheduleFilters,
  SchedulePatch,
  Schedules,
  TaskMade
} from './schemas.ts'

export interface ScheduleNeeds extends AddNeeds {
  db: Database
  voice: Voice
}

/** The routes that make and change schedules. */
export const scheduleRoutes: FastifyPluginAsyncTypebox<ScheduleNeeds> = async (app, needs) => {
  const { db, voice } = needs
  await app.register(readRoutes, needs)

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
    async ({ body, headers, principal }, reply) => {
      const key = keyOf({ headers, principal }, 'POST /api/schedules', body)
      const first = await recall(db, key)
      if (first) return say(reply, first, true) as ScheduleBody
      const { answer, replayed } = await once(db, key, async trx => {
        const schedule = await addSchedule(needs, trx, body, principal)
        return { status: 201, location: `/api/schedules/${schedule.id}`, body: present(schedule) }
      })
      voice.wake(dueQueue)
      return say(reply, answer, replayed) as ScheduleBody
    }
  )

  app.patch(
    '/api/schedules/:id',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'editSchedule',
        summary: 'Change a schedule',
        description:
          'Only what is given changes; `null` goes back to the default. A new `cron`, `every` or `at` takes the place of the old one. A change of the timing counts from now on, and enabling never catches up.',
        params: Named,
        body: SchedulePatch,
        response: {
          200: answer(ScheduleBody, 'The schedule, changed'),
          ...writeProblems(ScheduleNotFound, UnknownTask, UnknownQueue, KindInternal, ScheduleNameTaken, SystemSchedule)
        }
      }
    },
    async ({ params: { id }, body, principal }) => {
      const schedule = await db.query.transaction().execute(trx => editSchedule(needs, trx, id, body, principal))
      voice.wake(dueQueue)
      return present(schedule)
    }
  )

  app.delete(
    '/api/schedules/:id',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'removeSchedule',
        summary: 'Delete a schedule',
        description: 'Its tasks stay. One that stands in a task module stays deleted.',
        params: Named,
        response: {
          204: answer(Type.Null(), 'The schedule is deleted'),
          ...writeProblems(ScheduleNotFound, SystemSchedule)
        }
      }
    },
    async ({ params: { id } }, reply) => {
      await removeSchedule(db, id)
      voice.wake(dueQueue)
      reply.code(204)
    }
  )

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
    async ({ params: { id }, headers, principal }, reply) => {
      const key = keyOf({ headers, principal }, `POST /api/schedules/${id}/run`, {})
      const { answer, replayed } = await makeOnce(key, async trx => {
        const { task_id, enqueued } = await runNow(needs, trx, id, principal)
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
    async ({ params: { id }, headers, principal, body }, reply) => {
      const key = keyOf({ headers, principal }, `POST /api/schedules/${id}/backfill`, body)
      const { answer, replayed } = await makeOnce(key, async trx => {
        const { enqueued, answer } = await backfill(needs, trx, id, body, principal)
        return { enqueued, answer: { status: 202, body: answer } }
      })
      return say(reply, answer, replayed) as Backfilled
    }
  )

  /** Tasks and answer in one transaction; the workers are woken after its commit. */
  async function makeOnce(
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
}
