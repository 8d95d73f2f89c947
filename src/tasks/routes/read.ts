import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { sightOf } from '#access/principal.ts'
import type { Database } from '#database/connect.ts'
import { InvalidCursor, TaskNotFound, TooManyOpen } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { First, Id } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { listAttempts } from '#tasks/attempts/list.ts'
import { Attempts } from '#tasks/attempts/schemas.ts'
import { internalKinds } from '#tasks/internal.ts'
import { listTasks } from '#tasks/listing/list.ts'
import { TaskFilters } from '#tasks/listing/schemas.ts'
import { Timeline, Wait } from '#tasks/read/schemas.ts'
import { mustSeeTask } from '#tasks/read/sight.ts'
import { readTimeline } from '#tasks/read/timeline.ts'
import { StateAnswer, StatusAnswer, TaskBody, TaskPage } from '#tasks/schemas.ts'
import type { TaskFinder } from './finder.ts'

export interface ReadNeeds {
  /** For lists: a slow search holds up no other request. */
  reads: Database
  find: TaskFinder
}

export const readRoutes: FastifyPluginAsyncTypebox<ReadNeeds> = async (app, { reads, find }) => {
  app.get(
    '/api/tasks',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'listTasks',
        summary: 'Tasks, newest first',
        description:
          'A filter takes several values: `a,b` is either, `-a,b` is none of them; a backslash takes the next character as it is. What no index answers (`status` of `PENDING` or `SCHEDULED` alone, `worker`, `tag`, `q`, `error`, `attempts_min`, `ran_min`, `waited_min`, and the orders `soonest` and `longest`) is searched for about 2 s, and `searched_until` says how far it came. A page whose tasks would have more than 8 MiB of arguments and results has fewer; `next_cursor` goes on. Tasks of internal kinds are left out, unless `task` names one.',
        querystring: TaskFilters,
        response: { 200: answer(TaskPage, 'A page of tasks'), ...readProblems(InvalidCursor) }
      }
    },
    async ({ query, principal }) => listTasks(reads, query, internalKinds, undefined, sightOf(principal))
  )

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

  app.get(
    '/api/tasks/:id/timeline',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'getTaskTimeline',
        summary: 'What happened to a task: waits, attempts, events',
        description: 'The newest 1,000 attempts and events.',
        params: Id,
        response: { 200: answer(Timeline, 'In order'), ...readProblems(TaskNotFound) }
      }
    },
    async ({ params: { id }, principal }) => {
      await mustSeeTask(reads.pool, principal, id)
      const items = await readTimeline(reads.pool, id)
      if (!items) throw new TaskNotFound(id)
      return { items }
    }
  )

  app.get(
    '/api/tasks/:id/attempts',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'listAttempts',
        summary: 'Attempts of a task',
        params: Id,
        querystring: First,
        response: {
          200: answer(Attempts, 'First to last; a running attempt has no outcome yet'),
          ...readProblems(TaskNotFound)
        }
      }
    },
    async ({ params: { id }, query: { limit }, principal }) => {
      await mustSeeTask(reads.pool, principal, id)
      const items = await listAttempts(reads, id)
      if (!items) throw new TaskNotFound(id)
      return { items: items.slice(0, limit) }
    }
  )
}
