import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { refuseBeyond } from '#access/limits.ts'
import type { Principal } from '#access/principal.ts'
import { byRequest } from '#audit/by.ts'
import type { Database } from '#database/connect.ts'
import {
  KindInternal,
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
import { refuseInternal } from '#tasks/internal.ts'
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
          ...writeProblems(TaskNotFound, KindInternal, TaskFinished, TooManyOpen)
        }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      await mustSteer(id, request.principal)
      const cancellation = isUuid(id) ? await cancelTask(needs, id, byRequest(request)) : undefined
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
          ...writeProblems(TaskNotFound, KindInternal, TaskNotRetryable, VideoBusy)
        }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      const { principal } = request
      await mustSteer(id, principal)
      const retry = isUuid(id) ? await retryTask(needs, id, byRequest(request)) : undefined
      if (!retry) throw new TaskNotFound(id)
      if (!retry.accepted) throw new TaskNotRetryable(retry.state)
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
          ...writeProblems(TaskNotFound, KindInternal, TaskNotWaiting, UnknownQueue)
        }
      }
    },
    async request => {
      const { body, principal } = request
      const { id } = request.params
      await mustSteer(id, principal)
      refuseBeyond(principal.limits, { queue: body.queue, priority: body.priority })
      if (body.queue !== undefined && !(await queues.has(body.queue))) throw new UnknownQueue(body.queue)
      const change = isUuid(id) ? await changeTask(needs, id, body, byRequest(request)) : undefined
      if (!change) throw new TaskNotFound(id)
      if (!change.accepted) throw new TaskNotWaiting(change.state)
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
          ...writeProblems(TaskNotFound, KindInternal, TaskNotFinished)
        }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      await mustSteer(id, request.principal)
      const state = isUuid(id) ? await forgetTask(db, id, beforeForgetting, byRequest(request)) : undefined
      if (!state) throw new TaskNotFound(id)
      if (!isFinal(state)) throw new TaskNotFinished(state)
      reply.code(204)
    }
  )

  /** Looks at the task first, unless the principal may act on each of any kind. */
  async function mustSteer(id: string, principal: Principal) {
    const { ownOnly, limits, scopes } = principal
    if (scopes.includes('admin') && !ownOnly && !limits?.kinds && !limits?.queues) return
    const { task, queue } = await find.task(id, principal)
    refuseInternal(task, principal)
    refuseBeyond(limits, { task, queue })
  }
}
