import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '#database/connect.ts'
import { type Answer, keyOf, once } from '#idempotency/once.ts'
import { say } from '#idempotency/reply.ts'
import type { QueueNames } from '#queue/names.ts'
import { Problem } from '#schema/common.ts'
import { prepareBulk } from './bulk.ts'
import type { Kinds } from './define.ts'
import { type Enqueued, enqueue, enqueueIn, type NewTask } from './enqueue.ts'
import { presentNew } from './present.ts'
import { BulkCreated, BulkSubmission, DataToProcess, Submission, TaskBody, TaskStarted } from './schemas.ts'
import { prepareTask, type SubmitDefaults } from './submit.ts'
import type { Submit } from './submitter.ts'
import type { Voice } from './voice.ts'

export interface CreateNeeds {
  db: Database
  kinds: Kinds
  queues: QueueNames
  defaults: SubmitDefaults
  submit: Submit
  voice: Voice
}

/** The doors through which tasks come in; each understands an Idempotency-Key. */
export const createRoutes: FastifyPluginAsyncTypebox<CreateNeeds> = async (app, needs) => {
  const { db, submit, voice } = needs

  app.post(
    '/api/tasks',
    { schema: { body: Submission, response: { 201: TaskBody, '4xx': Problem } } },
    async ({ body, headers }, reply) => {
      const key = keyOf(headers['idempotency-key'], 'POST /api/tasks', body)
      const task = await prepareTask(needs, body)
      const answer = (enqueued: Enqueued): Answer => ({
        status: 201,
        location: `/api/tasks/${task.id}`,
        body: presentNew(task, enqueued)
      })
      if (!key) return say(reply, answer(await submit(task))) as TaskBody
      return (await createOnce(key, [task], ([enqueued]) => answer(enqueued!), reply)) as TaskBody
    }
  )

  app.post(
    '/api/tasks/process',
    { schema: { body: DataToProcess, response: { 202: TaskStarted, '4xx': Problem } } },
    async ({ body, headers }, reply) => {
      const key = keyOf(headers['idempotency-key'], 'POST /api/tasks/process', body)
      const task = await prepareTask(needs, { task: 'process_data', args: body })
      const answer = { status: 202, location: `/api/tasks/${task.id}`, body: { task_id: task.id } }
      if (key) return (await createOnce(key, [task], () => answer, reply)) as TaskStarted
      await submit(task)
      return say(reply, answer) as TaskStarted
    }
  )

  app.post(
    '/api/tasks/bulk',
    { schema: { body: BulkSubmission, response: { 201: BulkCreated, '4xx': Problem } } },
    async ({ body, headers }, reply) => {
      const key = keyOf(headers['idempotency-key'], 'POST /api/tasks/bulk', body)
      const tasks = await prepareBulk(needs, body.tasks)
      const answer = { status: 201, body: { ids: tasks.map(({ id }) => id) } }
      if (key) return (await createOnce(key, tasks, () => answer, reply)) as BulkCreated
      voice.enqueued(await enqueue(db.pool, tasks))
      return say(reply, answer) as BulkCreated
    }
  )

  async function createOnce(
    key: NonNullable<ReturnType<typeof keyOf>>,
    tasks: NewTask[],
    answerOf: (enqueued: Enqueued[]) => Answer,
    reply: Parameters<typeof say>[0]
  ) {
    let enqueued: Enqueued[] = []
    const { answer, replayed } = await once(db, key, async trx => {
      enqueued = await enqueueIn(trx, tasks)
      return answerOf(enqueued)
    })
    if (!replayed) voice.enqueued(enqueued)
    return say(reply, answer, replayed)
  }
}
