import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { InvalidCursor, TaskFinished, TaskNotFinished, TaskNotFound, TaskNotRetryable } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { First, Id, isUuid } from '#schema/common.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import { listAttempts } from '#tasks/attempts/list.ts'
import { listTasks } from '#tasks/read/list.ts'
import { taskReader } from '#tasks/read/reader.ts'
import { type Watching, waitUntilFinished } from '#tasks/read/watch.ts'
import { Attempts, StateAnswer, StatusAnswer, TaskBody, TaskFilters, TaskPage, Wait } from '#tasks/schemas.ts'
import { cancelTask } from '#tasks/steer/cancel.ts'
import { type BeforeForgetting, forgetTask } from '#tasks/steer/forget.ts'
import { retryTask } from '#tasks/steer/retry.ts'
import type { Voice } from '#tasks/voice.ts'
import { isFinal } from '#tasks/words.ts'

export interface TaskNeeds {
  db: Database
  voice: Voice
  watching: Watching
  beforeForgetting: BeforeForgetting
}

/** Looking at tasks that are there, and steering them. */
export const taskRoutes: FastifyPluginAsyncTypebox<TaskNeeds> = async (app, needs) => {
  const { beforeForgetting, db, watching } = needs
  const read = taskReader(db)
  // Whoever waits for a task does not hold up a server that stops: he gets the task as it is.
  const closing = new AbortController()
  app.addHook('preClose', async () => closing.abort())

  app.get(
    '/api/tasks',
    {
      schema: {
        operationId: 'listTasks',
        summary: 'Tasks, newest first',
        querystring: TaskFilters,
        response: { 200: answer(TaskPage, 'A page of tasks'), ...readProblems(InvalidCursor) }
      }
    },
    async ({ query }) => listTasks(db, query)
  )

  app.get(
    '/api/tasks/:id',
    {
      config: { keepsOpen: 'waits' },
      schema: {
        operationId: 'getTask',
        summary: 'A task',
        description: 'With `wait` the answer comes as soon as the task has ended, at the latest after so many seconds.',
        params: Id,
        querystring: Wait,
        response: { 200: answer(TaskBody, 'The task'), ...readProblems(TaskNotFound) }
      }
    },
    async ({ params: { id }, query: { wait }, signal, raw }) => patiently(raw, () => mustFind(id, wait, signal))
  )

  app.get(
    '/api/tasks/:id/status',
    {
      schema: {
        operationId: 'getTaskStatus',
        summary: 'Task status in plain English',
        params: Id,
        response: { 200: answer(StatusAnswer, 'Status, progress, result and error'), ...readProblems(TaskNotFound) }
      }
    },
    async ({ params: { id } }) => {
      const { status, state, progress, result, error } = await mustFind(id)
      return { task_id: id, status, state, progress, result, error }
    }
  )

  app.get(
    '/api/tasks/status/:id',
    {
      schema: {
        operationId: 'getTaskState',
        summary: "Task status in Celery's words",
        params: Id,
        response: { 200: answer(StateAnswer, 'State and result'), ...readProblems(TaskNotFound) }
      }
    },
    async ({ params: { id } }) => {
      const { state, result } = await mustFind(id)
      return { task_id: id, status: state, result }
    }
  )

  app.get(
    '/api/tasks/:id/attempts',
    {
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
    async ({ params: { id }, query: { limit } }) => {
      const items = await listAttempts(db, id)
      if (!items) throw new TaskNotFound(id)
      return { items: items.slice(0, limit) }
    }
  )

  app.post(
    '/api/tasks/:id/cancel',
    {
      config: { keepsOpen: 'waits' },
      schema: {
        operationId: 'cancelTask',
        summary: 'Cancel a task',
        description: 'A running task is stopped with its processes; with `wait` the answer comes when they are gone.',
        params: Id,
        querystring: Wait,
        response: {
          200: answer(TaskBody, 'The task is revoked'),
          202: answer(TaskBody, 'The task is being stopped'),
          ...writeProblems(TaskNotFound, TaskFinished)
        }
      }
    },
    async ({ params: { id }, query: { wait = 0 }, signal, raw }, reply) => {
      const request = isUuid(id) ? await cancelTask(needs, id) : undefined
      if (!request) throw new TaskNotFound(id)
      if (!request.accepted) throw new TaskFinished(request.state)

      const task = await patiently(raw, () => mustFind(id, wait, signal))
      reply.code(task.state === 'STARTED' ? 202 : 200)
      return task
    }
  )

  app.post(
    '/api/tasks/:id/retry',
    {
      schema: {
        operationId: 'retryTask',
        summary: 'Retry a task that failed or was revoked',
        description: 'The task keeps its id and its history, and gets a fresh set of attempts.',
        params: Id,
        response: {
          202: answer(TaskBody, 'The task waits for a worker'),
          ...writeProblems(TaskNotFound, TaskNotRetryable)
        }
      }
    },
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
    {
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
    async ({ params: { id } }, reply) => {
      const state = isUuid(id) ? await forgetTask(db, id, beforeForgetting) : undefined
      if (!state) throw new TaskNotFound(id)
      if (!isFinal(state)) throw new TaskNotFinished(state)
      reply.code(204)
    }
  )

  async function mustFind(id: string, wait?: number, signal?: AbortSignal) {
    const found = await (wait && isUuid(id) ? waitFor(id, wait, signal) : read(id))
    if (!found) throw new TaskNotFound(id)
    return found
  }

  async function waitFor(id: string, seconds: number, signal?: AbortSignal) {
    const stop = AbortSignal.any([closing.signal, ...(signal ? [signal] : [])])
    return (await waitUntilFinished(watching, id, seconds, stop)) ?? read(id)
  }
}

/** A socket on which nothing moves is given up after a while; not while somebody waits at the other end of it. */
async function patiently<T>({ socket }: IncomingMessage, wait: () => Promise<T>): Promise<T> {
  // A request that was injected has no line.
  if (!(socket instanceof Socket)) return wait()
  const { timeout } = socket
  socket.setTimeout(0)
  try {
    return await wait()
  } finally {
    if (timeout) socket.setTimeout(timeout)
  }
}
