import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { TaskFinished, TaskNotFinished, TaskNotFound, TaskNotRetryable } from '#errors.ts'
import { Id, isUuid, List, Problem } from '#schema/common.ts'
import { listAttempts } from './attempts.ts'
import { cancelTask } from './cancel.ts'
import { forgetTask } from './forget.ts'
import { listTasks } from './list.ts'
import { findTask } from './read.ts'
import { retryTask } from './retry.ts'
import { Attempts, StateAnswer, StatusAnswer, TaskBody, TaskFilters, Wait } from './schemas.ts'
import type { Voice } from './voice.ts'
import { type Watching, waitUntilFinished } from './watch.ts'
import { isFinal } from './words.ts'

export interface TaskNeeds {
  db: Database
  voice: Voice
  watching: Watching
}

/** Looking at tasks that are there, and steering them. */
export const taskRoutes: FastifyPluginAsyncTypebox<TaskNeeds> = async (app, needs) => {
  const { db, watching } = needs
  // Whoever waits for a task does not hold up a server that stops: he gets the task as it is.
  const closing = new AbortController()
  app.addHook('preClose', async () => closing.abort())

  app.get(
    '/api/tasks',
    { schema: { querystring: TaskFilters, response: { 200: List(TaskBody), '4xx': Problem } } },
    async ({ query }) => listTasks(db, query)
  )

  app.get(
    '/api/tasks/:id',
    { schema: { params: Id, querystring: Wait, response: { 200: TaskBody, '4xx': Problem } } },
    async ({ params: { id }, query: { wait }, signal }) => mustFind(id, wait, signal)
  )

  app.get(
    '/api/tasks/:id/status',
    { schema: { params: Id, response: { 200: StatusAnswer, '4xx': Problem } } },
    async ({ params: { id } }) => {
      const { status, state, progress, result, error } = await mustFind(id)
      return { task_id: id, status, state, progress, result, error }
    }
  )

  app.get(
    '/api/tasks/status/:id',
    { schema: { params: Id, response: { 200: StateAnswer, '4xx': Problem } } },
    async ({ params: { id } }) => {
      const { state, result } = await mustFind(id)
      return { task_id: id, status: state, result }
    }
  )

  app.get(
    '/api/tasks/:id/attempts',
    { schema: { params: Id, response: { 200: Attempts, '4xx': Problem } } },
    async ({ params: { id } }) => {
      await mustFind(id)
      return { items: await listAttempts(db, id) }
    }
  )

  app.post(
    '/api/tasks/:id/cancel',
    { schema: { params: Id, querystring: Wait, response: { 200: TaskBody, 202: TaskBody, '4xx': Problem } } },
    async ({ params: { id }, query: { wait = 0 }, signal }, reply) => {
      const request = isUuid(id) ? await cancelTask(needs, id) : undefined
      if (!request) throw new TaskNotFound(id)
      if (!request.accepted) throw new TaskFinished(request.state)

      const task = await mustFind(id, wait, signal)
      reply.code(task.state === 'STARTED' ? 202 : 200)
      return task
    }
  )

  app.post(
    '/api/tasks/:id/retry',
    { schema: { params: Id, response: { 202: TaskBody, '4xx': Problem } } },
    async ({ params: { id } }, reply) => {
      const request = isUuid(id) ? await retryTask(needs, id) : undefined
      if (!request) throw new TaskNotFound(id)
      if (!request.accepted) throw new TaskNotRetryable(request.state)
      reply.code(202)
      return mustFind(id)
    }
  )

  app.delete(
    '/api/tasks/:id',
    { schema: { params: Id, response: { 204: Type.Null(), '4xx': Problem } } },
    async ({ params: { id } }, reply) => {
      const state = isUuid(id) ? await forgetTask(db, id) : undefined
      if (!state) throw new TaskNotFound(id)
      if (!isFinal(state)) throw new TaskNotFinished(state)
      reply.code(204)
    }
  )

  async function mustFind(id: string, wait?: number, signal?: AbortSignal) {
    const found = await (wait && isUuid(id) ? waitFor(id, wait, signal) : findTask(db, id))
    if (!found) throw new TaskNotFound(id)
    return found
  }

  async function waitFor(id: string, seconds: number, signal?: AbortSignal) {
    const stop = AbortSignal.any([closing.signal, ...(signal ? [signal] : [])])
    return (await waitUntilFinished(watching, id, seconds, stop)) ?? findTask(db, id)
  }
}
