import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdempotencyKeyReused } from '#errors.ts'
import { keyOf } from '#idempotency/once.ts'
import { replyOnce } from '#idempotency/reply.ts'
import { IdempotencyKey, Location, Replayed } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { writeProblems } from '#schema/problems.ts'
import { prepareTask } from '#tasks/submit/prepare.ts'
import { DataToProcess, TaskStarted } from '#tasks/submit/schemas.ts'
import type { CreateNeeds } from './needs.ts'
import { writeTasks } from './write.ts'

export const processRoute: FastifyPluginAsyncTypebox<CreateNeeds> = async (app, needs) => {
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
      return replyOnce<TaskStarted>(reply, needs.db, key, async () => {
        const task = { ...(await prepareTask(needs, { task: 'process_data', args: body }, principal)), request_id }
        return writeTasks(needs, { key, principal }, [task], () => ({
          status: 202,
          location: `/api/tasks/${task.id}`,
          body: { task_id: task.id }
        }))
      })
    }
  )
}
