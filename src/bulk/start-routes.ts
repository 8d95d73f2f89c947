import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { refuseBeyond } from '#access/limits.ts'
import { byRequest } from '#audit/by.ts'
import type { Database } from '#database/connect.ts'
import { IdempotencyKeyReused, KindInternal, PreviewRefused, UnknownQueue } from '#errors.ts'
import { keyOf } from '#idempotency/once.ts'
import { replyOnce } from '#idempotency/reply.ts'
import { IdempotencyKey, Location, Replayed } from '#idempotency/schemas.ts'
import type { QueueNames } from '#queue/names.ts'
import { answer } from '#schema/answers.ts'
import { writeProblems } from '#schema/problems.ts'
import { enqueueOnce } from '#tasks/submit/once.ts'
import type { Voice } from '#tasks/voice.ts'
import { sightOfKey } from './matching.ts'
import { dryRun } from './preview.ts'
import { refuseInternalKinds } from './reach.ts'
import { DryRun, NewBulk, Started } from './schemas.ts'
import { checkBulk, plan, type StartNeeds, startBulk } from './start.ts'

interface BulkStartNeeds extends StartNeeds {
  db: Database
  reads: Database
  queues: QueueNames
  voice: Voice
}

export const bulkStartRoutes: FastifyPluginAsyncTypebox<BulkStartNeeds> = async (app, needs) => {
  const { db, reads, queues } = needs

  app.post(
    '/api/bulk-operations',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'startBulkOperation',
        summary: 'Act on all tasks that match a filter',
        description:
          'A task carries it out, in batches. Tasks that were submitted after the preview (without one: after this request) are not touched. Where more than a fifth more or fewer tasks match than at the preview, nothing is done.',
        headers: IdempotencyKey,
        body: NewBulk,
        response: {
          200: answer(DryRun, 'What would be done'),
          202: answer(Started, 'It is accepted', { Location, ...Replayed }),
          ...writeProblems(UnknownQueue, KindInternal, PreviewRefused, IdempotencyKeyReused)
        }
      }
    },
    async (request, reply) => {
      const { body, principal } = request
      await checkBulk(body, queues)
      refuseInternalKinds(body.filter, principal)
      refuseBeyond(principal.limits, { queue: body.queue })
      const sight = sightOfKey(principal)
      if (body.dry_run) return dryRun(reads, body, sight)
      const key = keyOf(request, 'POST /api/bulk-operations', body)
      return replyOnce<{ id: string; task_id: string }>(reply, db, key, async () => {
        const { filter, expectation } = await plan(reads, body, sight)
        return enqueueOnce(needs, key, async trx => {
          const operation = { ...body, filter, sight, by: byRequest(request) }
          const { id, task_id, enqueued } = await startBulk(trx, needs, operation, expectation)
          return { enqueued, answer: { status: 202, location: `/api/bulk-operations/${id}`, body: { id, task_id } } }
        })
      })
    }
  )
}
