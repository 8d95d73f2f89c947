import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { byRequest } from '#audit/by.ts'
import { recordAct } from '#audit/record.ts'
import {
  KindInternal,
  ScheduleNameTaken,
  ScheduleNotFound,
  SystemSchedule,
  UnknownQueue,
  UnknownTask
} from '#errors.ts'
import { dueQueue } from '#queue/boss.ts'
import { answer } from '#schema/answers.ts'
import { writeProblems } from '#schema/problems.ts'
import type { ScheduleNeeds } from '../acts/add.ts'
import { editSchedule } from '../acts/edit.ts'
import { removeSchedule } from '../acts/remove.ts'
import { present } from '../present.ts'
import { Named, ScheduleBody, SchedulePatch } from '../schemas.ts'

/** The routes that change and delete schedules. */
export const editRoutes: FastifyPluginAsyncTypebox<ScheduleNeeds> = async (app, needs) => {
  const { db, voice } = needs

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
    async request => {
      const { params, body, principal } = request
      const schedule = await db.query.transaction().execute(async trx => {
        const schedule = await editSchedule(needs, trx, params.id, body, principal)
        const { name } = schedule
        const fields = Object.keys(body)
        await recordAct(trx, byRequest(request), editOf(body), { type: 'schedule', id: schedule.id }, { name, fields })
        return schedule
      })
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
    async (request, reply) => {
      await removeSchedule(db, request.params.id, byRequest(request))
      voice.wake(dueQueue)
      reply.code(204)
    }
  )
}

function editOf({ enabled, ...rest }: SchedulePatch) {
  if (enabled === undefined || Object.keys(rest).length > 0) return 'schedule.edit'
  return enabled ? 'schedule.enable' : 'schedule.disable'
}
