import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '#database/connect.ts'
import { TaskFinished, TaskNotFound } from '#errors.ts'
import type { QueueNames } from '#queue/names.ts'
import { Id, isUuid, List, Problem } from '#schema/common.ts'
import { cancelTask } from './cancel.ts'
import type { Kinds } from './define.ts'
import { presentNew } from './present.ts'
import { findTask, listTasks } from './read.ts'
import {
  DataToProcess,
  StateAnswer,
  StatusAnswer,
  Submission,
  TaskBody,
  TaskFilters,
  TaskStarted,
  Wait
} from './schemas.ts'
import { prepareTask, type SubmitDefaults } from './submit.ts'
import type { Submit } from './submitter.ts'
import type { Voice } from './voice.ts'
import { type Watching, waitUntilFinished } from './watch.ts'

export interface TaskNeeds {
  db: Database
  kinds: Kinds
  queues: QueueNames
  defaults: SubmitDefaults
  submit: Submit
  voice: Voice
  watching: Watching
}

export const taskRoutes: FastifyPluginAsyncTypebox<TaskNeeds> = async (app, needs) => {
  const { db, submit, watching } = needs
  // Whoever waits for a task does not hold up a server that stops: he gets the task as it is.
  const closing = new AbortController()
  app.addHook('preClose', async () => closing.abort())

  app.post(
    '/api/tasks',
    { schema: { body: Submission, response: { 201: TaskBody, '4xx': Problem } } },
    async ({ body }, reply) => {
      const task = await prepareTask(needs, body)
      const enqueued = await submit(task)
      reply.code(201).header('location', `/api/tasks/${task.id}`)
      return presentNew(task, enqueued)
    }
  )

  app.post(
    '/api/tasks/process',
    { schema: { body: DataToProcess, response: { 202: TaskStarted, '4xx': Problem } } },
    async ({ body }, reply) => {
      const task = await prepareTask(needs, { task: 'process_data', args: body })
      await submit(task)
      reply.code(202).header('location', `/api/tasks/${task.id}`)
      return { task_id: task.id }
    }
  )

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

  app.post(
    '/api/tasks/:id/cancel',
    { schema: { params: Id, querystring: Wait, response: { 200: TaskBody, 202: TaskBody, '4xx': Problem } } },
    async ({ params: { id }, query: { wait = 0 }, signal }, reply) => {
      if (!isUuid(id)) throw new TaskNotFound(id)
      const request = await cancelTask(needs, id)
      if (!request) throw new TaskNotFound(id)
      if (!request.accepted) throw new TaskFinished(request.state)

      const task = await mustFind(id, wait, signal)
      reply.code(task.state === 'STARTED' ? 202 : 200)
      return task
    }
  )

  async function mustFind(id: string, wait?: number, signal?: AbortSignal) {
    const found =
      wait && isUuid(id)
        ? await waitUntilFinished(
            { db, watching },
            id,
            wait,
            AbortSignal.any([closing.signal, ...(signal ? [signal] : [])])
          )
        : await findTask(db, id)
    if (!found) throw new TaskNotFound(id)
    return found
  }
}
