import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { byRequest } from '#audit/by.ts'
import { KindInternal, TaskNotFound, TaskNotRetryable, VideoBusy } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id, isUuid } from '#schema/common.ts'
import { writeProblems } from '#schema/problems.ts'
import { TaskBody } from '#tasks/schemas.ts'
import { retryTask } from '#tasks/steer/retry.ts'
import { mustSteer } from './may-steer.ts'
import type { SteerNeeds } from './needs.ts'

export const retryRoute: FastifyPluginAsyncTypebox<SteerNeeds> = async (app, { db, voice, find }) => {
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
      await mustSteer(find, id, principal)
      const retry = isUuid(id) ? await retryTask({ db, voice }, id, byRequest(request)) : undefined
      if (!retry) throw new TaskNotFound(id)
      if (!retry.accepted) throw new TaskNotRetryable(retry.state)
      reply.code(202)
      return find.task(id, principal)
    }
  )
}
