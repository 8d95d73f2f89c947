import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdempotencyKeyReused, VideoBusy } from '#errors.ts'
import { keyOf } from '#idempotency/once.ts'
import { replyOnce } from '#idempotency/reply.ts'
import { IdempotencyKey, Replayed } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { writeProblems } from '#schema/problems.ts'
import { busyIn, prepareBulk } from '#tasks/submit/bulk.ts'
import { BulkCreated, BulkSubmission } from '#tasks/submit/schemas.ts'
import type { CreateNeeds } from './needs.ts'
import { writeTasks } from './write.ts'

// Bytes: 10,000 tasks fit.
const bulkLimit = 32 * 1024 * 1024

export const bulkRoute: FastifyPluginAsyncTypebox<CreateNeeds> = async (app, needs) => {
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
      return replyOnce<BulkCreated>(reply, needs.db, key, async () => {
        const tasks = (await prepareBulk(needs, body.tasks, principal)).map(task => ({ ...task, request_id }))
        const ours = { status: 201, body: { ids: tasks.map(({ id }) => id) } }
        return writeTasks(needs, { key, principal }, tasks, () => ours).catch(error => {
          throw busyIn(tasks, error)
        })
      })
    }
  )
}
