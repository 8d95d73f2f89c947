import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdempotencyKeyReused, KindInternal, UnknownQueue, UnknownTask, VideoBusy } from '#errors.ts'
import { keyOf } from '#idempotency/once.ts'
import { replyOnce } from '#idempotency/reply.ts'
import { IdempotencyKey, Location, Replayed } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { writeProblems } from '#schema/problems.ts'
import { presentNew } from '#tasks/read/present.ts'
import { TaskBody } from '#tasks/schemas.ts'
import { prepareTask } from '#tasks/submit/prepare.ts'
import { Submission } from '#tasks/submit/schemas.ts'
import type { CreateNeeds } from './needs.ts'
import { writeTasks } from './write.ts'

export const createRoute: FastifyPluginAsyncTypebox<CreateNeeds> = async (app, needs) => {
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
      return replyOnce<TaskBody>(reply, needs.db, key, async () => {
        const task = { ...(await prepareTask(needs, body, principal)), request_id }
        return writeTasks(needs, { key, principal }, [task], ([enqueued]) => ({
          status: 201,
          location: `/api/tasks/${task.id}`,
          body: presentNew(task, enqueued!)
        }))
      })
    }
  )
}
