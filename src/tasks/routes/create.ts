import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Principal } from '#access/principal.ts'
import type { Database } from '#database/connect.ts'
import { IdempotencyKeyReused, KindInternal, UnknownQueue, UnknownTask, VideoBusy } from '#errors.ts'
import { type Answer, type Key, keyOf, once, recall } from '#idempotency/once.ts'
import { say } from '#idempotency/reply.ts'
import { IdempotencyKey, Location, Replayed } from '#idempotency/schemas.ts'
import type { QueueNames } from '#queue/names.ts'
import { answer } from '#schema/answers.ts'
import { writeProblems } from '#schema/problems.ts'
import type { Kinds } from '#tasks/define.ts'
import { presentNew } from '#tasks/read/present.ts'
import { TaskBody } from '#tasks/schemas.ts'
import { busyIn, prepareBulk } from '#tasks/submit/bulk.ts'
import { type Enqueued, enqueue, enqueueIn, type NewTask } from '#tasks/submit/enqueue.ts'
import { prepareTask, type SubmitDefaults } from '#tasks/submit/prepare.ts'
import { mustHaveRoom } from '#tasks/submit/room.ts'
import { BulkCreated, BulkSubmission, DataToProcess, Submission, TaskStarted } from '#tasks/submit/schemas.ts'
import type { Submit } from '#tasks/submit/submitter.ts'
import type { Webhooks } from '#tasks/submit/webhooks.ts'
import type { Voice } from '#tasks/voice.ts'

export interface CreateNeeds {
  db: Database
  kinds: Kinds
  queues: QueueNames
  webhooks: Webhooks
  defaults: SubmitDefaults
  submit: Submit
  voice: Voice
}

// Bytes: 10,000 tasks fit.
const bulkLimit = 32 * 1024 * 1024

/** The routes that submit tasks; each accepts an Idempotency-Key. */
export const createRoutes: FastifyPluginAsyncTypebox<CreateNeeds> = async (app, needs) => {
  const { db, submit, voice } = needs

  app.post(
    '/api/tasks',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'submitTask',
        summary: 'Submit a task',
        description:
          'The answer comes once the task is committed to the database. At most one of `eta`, `scheduled_time` and `countdown` may be given.',
        headers: IdempotencyKey,
        body: Submission,
        response: {
          201: answer(TaskBody, 'The task', { Location, ...Replayed }),
          ...writeProblems(UnknownTask, UnknownQueue, KindInternal, IdempotencyKeyReused, VideoBusy)
        }
      }
    },
    async ({ body, headers, principal, id: request_id }, reply) => {
      const key = keyOf({ headers, principal }, 'POST /api/tasks', body)
      const first = await recall(db, key)
      if (first) return say(reply, first, true) as TaskBody

      const task = { ...(await prepareTask(needs, body, principal)), request_id }
      const answerTo = (enqueued: Enqueued): Answer => ({
        status: 201,
        location: `/api/tasks/${task.id}`,
        body: presentNew(task, enqueued)
      })
      if (!key) return say(reply, answerTo(await write(task, principal))) as TaskBody
      const { answer, replayed } = await createOnce(key, [task], principal, ([enqueued]) => answerTo(enqueued!))
      return say(reply, answer, replayed) as TaskBody
    }
  )

  app.post(
    '/api/tasks/process',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'processData',
        summary: 'Submit a `process_data` task',
        description: 'The result is `{ "processed_data": … }`, the data in upper case.',
        headers: IdempotencyKey,
        body: DataToProcess,
        response: {
          202: answer(TaskStarted, 'The id of the task', { Location, ...Replayed }),
          ...writeProblems(IdempotencyKeyReused)
        }
      }
    },
    async ({ body, headers, principal, id: request_id }, reply) => {
      const key = keyOf({ headers, principal }, 'POST /api/tasks/process', body)
      const first = await recall(db, key)
      if (first) return say(reply, first, true) as TaskStarted

      const task = { ...(await prepareTask(needs, { task: 'process_data', args: body }, principal)), request_id }
      const ours = { status: 202, location: `/api/tasks/${task.id}`, body: { task_id: task.id } }
      if (!key) {
        await write(task, principal)
        return say(reply, ours) as TaskStarted
      }
      const { answer, replayed } = await createOnce(key, [task], principal, () => ours)
      return say(reply, answer, replayed) as TaskStarted
    }
  )

  app.post(
    '/api/tasks/bulk',
    {
      bodyLimit: bulkLimit,
      config: { scope: 'submit' },
      schema: {
        operationId: 'submitTasks',
        summary: 'Submit up to 10,000 tasks, all or none',
        description:
          'If one task is invalid, nothing is written, and `errors` names each invalid task by its index: `tasks[3].queue`.',
        headers: IdempotencyKey,
        body: BulkSubmission,
        response: {
          201: answer(BulkCreated, 'The ids, in the order of the tasks', Replayed),
          ...writeProblems(IdempotencyKeyReused, VideoBusy)
        }
      }
    },
    async ({ body, headers, principal, id: request_id }, reply) => {
      const key = keyOf({ headers, principal }, 'POST /api/tasks/bulk', body)
      const first = await recall(db, key)
      if (first) return say(reply, first, true) as BulkCreated

      const tasks = (await prepareBulk(needs, body.tasks, principal)).map(task => ({ ...task, request_id }))
      const ours = { status: 201, body: { ids: tasks.map(({ id }) => id) } }
      try {
        if (!key) {
          await writeAll(tasks, principal)
          return say(reply, ours) as BulkCreated
        }
        const { answer, replayed } = await createOnce(key, tasks, principal, () => ours)
        return say(reply, answer, replayed) as BulkCreated
      } catch (error) {
        throw busyIn(tasks, error)
      }
    }
  )

  /** With others that arrive meanwhile, unless the key has a limit of open tasks, which is counted alone. */
  async function write(task: NewTask, principal: Principal) {
    if (principal.limits?.max_pending === undefined) return submit(task)
    return (await writeAll([task], principal))[0]!
  }

  async function writeAll(tasks: NewTask[], principal: Principal) {
    const enqueued =
      principal.limits?.max_pending === undefined
        ? await enqueue(db.pool, tasks)
        : await db.query.transaction().execute(async trx => {
            await mustHaveRoom(trx, principal, tasks.length)
            return enqueueIn(trx, tasks)
          })
    voice.enqueued(enqueued)
    return enqueued
  }

  /** Writes tasks and the answer in one transaction. */
  async function createOnce(
    key: Key,
    tasks: NewTask[],
    principal: Principal,
    answerTo: (enqueued: Enqueued[]) => Answer
  ) {
    let enqueued: Enqueued[] = []
    const outcome = await once(db, key, async trx => {
      await mustHaveRoom(trx, principal, tasks.length)
      enqueued = await enqueueIn(trx, tasks)
      return answerTo(enqueued)
    })
    if (!outcome.replayed) voice.enqueued(enqueued)
    return outcome
  }
}
