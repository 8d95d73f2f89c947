import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TaskNotFound, TooManyOpen } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { Wait } from '#tasks/read/schemas.ts'
import { StateAnswer, StatusAnswer, TaskBody } from '#tasks/schemas.ts'
import type { TaskFinder } from '../finder.ts'

/** A task, and its status alone. */
export const taskRoute: FastifyPluginAsyncTypebox<{ find: TaskFinder }> = async (app, { find }) => {
  app.get(
    '/api/tasks/:id',
    {
      config: { scope: 'read', own: true, keepsOpen: 'waits' },
      schema: {
        operationId: 'getTask',
        summary: 'A task',
        description:
          'With `wait` the answer comes as soon as the task has finished, at the latest after that many seconds.',
        params: Id,
        querystring: Wait,
        response: { 200: answer(TaskBody, 'The task'), ...readProblems(TaskNotFound, TooManyOpen) }
      }
    },
    async request => find.whenFinished(request.params.id, request.query.wait ?? 0, request)
  )

  app.get(
    '/api/tasks/:id/status',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'getTaskStatus',
        summary: 'Task status in plain English',
        params: Id,
        response: { 200: answer(StatusAnswer, 'Status, progress, result and error'), ...readProblems(TaskNotFound) }
      }
    },
    async ({ params: { id }, principal }) => {
      const { status, state, progress, result, error } = await find.task(id, principal)
      return { task_id: id, status, state, progress, result, error }
    }
  )

  app.get(
    '/api/tasks/status/:id',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'getTaskState',
        summary: "Task status in Celery's words",
        params: Id,
        response: { 200: answer(StateAnswer, 'State and result'), ...readProblems(TaskNotFound) }
      }
    },
    async ({ params: { id }, principal }) => {
      const { state, result } = await find.task(id, principal)
      return { task_id: id, status: state, result }
    }
  )
}
