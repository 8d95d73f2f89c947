import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { byRequest } from '#audit/by.ts'
import { KindInternal, TaskNotFinished, TaskNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id, isUuid } from '#schema/common.ts'
import { writeProblems } from '#schema/problems.ts'
import { forgetTask } from '#tasks/steer/forget.ts'
import { isFinal } from '#tasks/words.ts'
import { mustSteer } from './may-steer.ts'
import type { SteerNeeds } from './needs.ts'

export const forgetRoute: FastifyPluginAsyncTypebox<SteerNeeds> = async (app, { db, beforeForgetting, find }) => {
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
      await mustSteer(find, id, request.principal)
      const state = isUuid(id) ? await forgetTask(db, id, beforeForgetting, byRequest(request)) : undefined
      if (!state) throw new TaskNotFound(id)
      if (!isFinal(state)) throw new TaskNotFinished(state)
      reply.code(204)
    }
  )
}
