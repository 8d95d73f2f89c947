import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { byRequest } from '#audit/by.ts'
import { KindInternal, TaskFinished, TaskNotFound, TooManyOpen } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id, isUuid } from '#schema/common.ts'
import { writeProblems } from '#schema/problems.ts'
import { Wait } from '#tasks/read/schemas.ts'
import { TaskBody } from '#tasks/schemas.ts'
import { cancelTask } from '#tasks/steer/cancel.ts'
import { mustSteer } from './may-steer.ts'
import type { SteerNeeds } from './needs.ts'

export const cancelRoute: FastifyPluginAsyncTypebox<SteerNeeds> = async (app, { db, voice, find }) => {
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
      await mustSteer(find, id, request.principal)
      const cancellation = isUuid(id) ? await cancelTask({ db, voice }, id, byRequest(request)) : undefined
      if (!cancellation) throw new TaskNotFound(id)
      if (!cancellation.accepted) throw new TaskFinished(cancellation.state)

      const task = await find.whenFinished(id, request.query.wait ?? 0, request)
      reply.code(task.state === 'STARTED' ? 202 : 200)
      return task
    }
  )
}
