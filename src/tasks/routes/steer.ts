import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { refuseBeyond } from '#access/limits.ts'
import type { Principal } from '#access/principal.ts'
import type { Database } from '#database/connect.ts'
import {
  TaskFinished,
  TaskNotFinished,
  TaskNotFound,
  TaskNotRetryable,
  TaskNotWaiting,
  TooManyOpen,
  UnknownQueue,
  VideoBusy
} from '#errors.ts'
import type { QueueNames } from '#queue/names.ts'
import { answer } from '#schema/answers.ts'
import { Id, isUuid } from '#schema/common.ts'
import { writeProblems } from '#schema/problems.ts'
import { Wait } from '#tasks/read/schemas.ts'
import { TaskBody } from '#tasks/schemas.ts'
import { cancelTask } from '#tasks/steer/cancel.ts'
import { changeTask } from '#tasks/steer/change.ts'
import { type BeforeForgetting, forgetTask } from '#tasks/steer/forget.ts'
import { retryTask } from '#tasks/steer/retry.ts'
import { TaskChange } from '#tasks/steer/schemas.ts'
import type { Voice } from '#tasks/voice.ts'
import { isFinal } from '#tasks/words.ts'
import type { TaskFinder } from './finder.ts'

export interface SteerNeeds {
  db: Database
  voice: Voice
  queues: QueueNames
  beforeForgetting: BeforeForgetting
  find: TaskFinder
}

export const steerRoutes: FastifyPluginAsyncTypebox<SteerNeeds> = async (app, needs) => {
  const { db, beforeForgetting, find, queues } = needs

  app.post(
    '/api/tasks/:id/cancel',
    {
      config: { scope: 'operate', keepsOpen: 'waits' },
      schema: {
        operationId: 'cancelTask',
        summary: 'Cancel a task',
        description:
          'A waiting task is revoked at once. A running one is stopped with its processes; with `wait` the answer comes once they are gone.',
        params: Id,
        querystring: Wait,
        response: {
          200: answer(TaskBody, 'The task is revoked'),
          202: answer(TaskBody, 'The task is being stopped'),
          ...writeProblems(TaskNotFound, TaskFinished, TooManyOpen)
        }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      await mustSteer(id, request.principal)
      const cancellation = isUuid(id) ? await cancelTask(needs, id) : undefined
      if (!cancellation) throw new TaskNotFound(id)
      if (!cancellation.accepted) throw new TaskFinished(cancellation.state)

      const task = await find.whenFinished(id, request.query.wait ?? 0, request)
      reply.code(task.state === 'STARTED' ? 202 : 200)
      return task
    }
  )

  app.post(
    '/api/tasks/:id/retry',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'retryTask',
        summary: 'Retry a task that failed or was revoked',
        description: 'The task keeps its id and its history, and gets a fresh set of attempts.',
        params: Id,
        response: {
          202: answer(TaskBody, 'The task waits for a worker'),
          ...writeProblems(TaskNotFound, TaskNotRetryable, VideoBusy)
        }
      }
    },
    async ({ params: { id }, principal }, reply) => {
      await mustSteer(id, principal)
      const request = isUuid(id) ? await retryTask(needs, id) : undefined
      if (!request) throw new TaskNotFound(id)
      if (!request.accepted) throw new TaskNotRetryable(request.state)
      reply.code(202)
      return find.task(id, principal)
    }
  )

  app.patch(
    '/api/tasks/:id',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'changeTask',
        summary: 'Change a task that waits',
        description: 'For its time, for a worker, or for its next attempt.',
        params: Id,
        body: TaskChange,
        response: {
          200: answer(TaskBody, 'The task, changed'),
          ...writeProblems(TaskNotFound, TaskNotWaiting, UnknownQueue)
        }
      }
    },
    async ({ params: { id }, body, principal }) => {
      await mustSteer(id, principal)
      refuseBeyond(principal.limits, { queue: body.queue, priority: body.priority })
      if (body.queue !== undefined && !(await queues.has(body.queue))) throw new UnknownQueue(body.queue)
      const request = isUuid(id) ? await changeTask(needs, id, body) : undefined
      if (!request) throw new TaskNotFound(id)
      if (!request.accepted) throw new TaskNotWaiting(request.state)
      return find.task(id, principal)
    }
  )

  app.delete(
    '/api/tasks/:id',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'forgetTask',
        summary: 'Forget a finished task',
        description: 'Removes the task with its result, attempts and events.',
        params: Id,
        response: {
          204: answer(Type.Null(), 'The task is removed'),
          ...writeProblems(TaskNotFound, TaskNotFinished)
        }
      }
    },
    async ({ params: { id }, principal }, reply) => {
      await mustSteer(id, principal)
      const state = isUuid(id) ? await forgetTask(db, id, beforeForgetting) : undefined
      if (!state) throw new TaskNotFound(id)
      if (!isFinal(state)) throw new TaskNotFinished(state)
      reply.code(204)
    }
  )

  /** Looks at the task first where the key is limited to its own, to kinds or to queues. */
  async function mustSteer(id: string, principal: Principal) {
    const { ownOnly, limits } = principal
    if (!ownOnly && !limits?.kinds && !limits?.queues) return
    const { task, queue } = await find.task(id, principal)
    refuseBeyond(limits, { task, queue })
  }
}
