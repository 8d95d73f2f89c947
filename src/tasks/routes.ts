import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { InvalidCursor, TaskFinished, TaskNotFinished, TaskNotFound, TaskNotRetryable, TooManyOpen } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { First, Id, isUuid, List } from '#schema/common.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import { listAttempts } from '#tasks/attempts/list.ts'
import { cancelTask } from './cancel.ts'
import { type BeforeForgetting, forgetTask } from './forget.ts'
import { listTasks } from './list.ts'
import { taskReader } from './reader.ts'
import { retryTask } from './retry.ts'
import { Attempts, StateAnswer, StatusAnswer, TaskBody, TaskFilters, Wait } from './schemas.ts'
import type { Voice } from './voice.ts'
import { type Watching, waitUntilFinished } from './watch.ts'
import { isFinal } from './words.ts'

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
        summary: 'Tasks, newest first',
        querystring: TaskFilters,
        response: { 200: answer(List(TaskBody), 'A page of tasks'), ...readProblems(InvalidCursor) }
      }
    },
    async ({ query }) => listTasks(db, query)
  )

  app.get(
    '/api/tasks/:id',
    {
      config: { keepsOpen: 'waits' },
      schema: {
        summary: 'A task',
        description: 'With `wait` it is answered as soon as it is finished, at the latest after so many seconds.',
        params: Id,
        querystring: Wait,
        response: { 200: answer(TaskBody, 'The task as it is'), ...readProblems(TaskNotFound, TooManyOpen) }
      }
    },
    async ({ params: { id }, query: { wait }, signal, raw }) => patiently(raw, () => mustFind(id, wait, signal))
  )

  app.get(
    '/api/tasks/:id/status',
    {
      schema: {
        summary: 'What a task is at, in plain English',
        params: Id,
        response: { 200: answer(StatusAnswer, 'State, progress, result'), ...readProblems(TaskNotFound) }
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
        summary: "What a task is at, in Celery's words",
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
        summary: 'Every try at a task',
        params: Id,
        querystring: First,
        response: {
          200: answer(Attempts, 'First to last; the one that runs has no outcome yet'),
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
        summary: 'Cancel a task',
        description: 'One that runs is stopped with its processes; with `wait` the answer comes when they are gone.',
        params: Id,
        querystring: Wait,
        response: {
          200: answer(TaskBody, 'It does not run any more'),
          202: answer(TaskBody, 'It is being stopped'),
          ...writeProblems(TaskNotFound, TaskFinished, TooManyOpen)
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
        summary: 'Try a task again that failed or was revoked',
        description: 'It keeps its id and its history, and gets a fresh set of attempts.',
        params: Id,
        response: { 202: answer(TaskBody, 'It waits for a worker'), ...writeProblems(TaskNotFound, TaskNotRetryable) }
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
        summary: 'Forget a finished task',
        params: Id,
        response: {
          204: answer(Type.Null(), 'Nothing is known of it any more'),
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
