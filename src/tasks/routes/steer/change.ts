import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { refuseBeyond } from '#access/limits.ts'
import { byRequest } from '#audit/by.ts'
import { KindInternal, TaskNotFound, TaskNotWaiting, UnknownQueue } from '#errors.ts'
import { mustBeQueue } from '#queue/names.ts'
import { answer } from '#schema/answers.ts'
import { Id, isUuid } from '#schema/common.ts'
import { writeProblems } from '#schema/problems.ts'
import { TaskBody } from '#tasks/schemas.ts'
import { changeTask } from '#tasks/steer/change.ts'
import { TaskChange } from '#tasks/steer/schemas.ts'
import { mustSteer } from './may-steer.ts'
import type { SteerNeeds } from './needs.ts'

export const changeRoute: FastifyPluginAsyncTypebox<SteerNeeds> = async (app, { db, voice, queues, find }) => {
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
      await mustSteer(find, id, principal)
      refuseBeyond(principal.limits, { queue: body.queue, priority: body.priority })
      await mustBeQueue(queues, body.queue)
      const change = isUuid(id) ? await changeTask({ db, voice }, id, body, byRequest(request)) : undefined
      if (!change) throw new TaskNotFound(id)
      if (!change.accepted) throw new TaskNotWaiting(change.state)
      return find.task(id, principal)
    }
  )
}
