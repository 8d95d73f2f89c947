import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { CompiledQuery } from 'kysely'
import { refuseBeyond } from '#access/limits.ts'
import { byRequest } from '#audit/by.ts'
import { recordAct } from '#audit/record.ts'
import type { Database } from '#database/connect.ts'
import {
  BulkFinished,
  BulkNotFound,
  BulkNotUndoable,
  IdempotencyKeyReused,
  InvalidCursor,
  PreviewRefused,
  UnknownQueue
} from '#errors.ts'
import { keyOf, once, recall } from '#idempotency/once.ts'
import { say } from '#idempotency/reply.ts'
import { IdempotencyKey, Location, Replayed } from '#idempotency/schemas.ts'
import type { QueueNames } from '#queue/names.ts'
import { answer } from '#schema/answers.ts'
import { Id, Page } from '#schema/common.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import type { Kinds } from '#tasks/define.ts'
import type { Enqueued } from '#tasks/submit/enqueue.ts'
import type { SubmitDefaults } from '#tasks/submit/prepare.ts'
import type { Voice } from '#tasks/voice.ts'
import { sightOfKey } from './matching.ts'
import { dryRun } from './preview.ts'
import { hasEnded, listBulk, mustFindBulk } from './queries.ts'
import { BulkBody, Bulks, DryRun, NewBulk, Started } from './schemas.ts'
import { checkBulk, checkUndo, plan, startBulk } from './start.ts'
import { kindName } from './tasks/bulk-operation.ts'

export interface BulkNeeds {
  db: Database
  reads: Database
  kinds: Kinds
  queues: QueueNames
  defaults: SubmitDefaults
  voice: Voice
}

/** Acts on all tasks that match a filter. */
export const bulkRoutes: FastifyPluginAsyncTypebox<BulkNeeds> = async (app, needs) => {
  const { db, reads, kinds, queues, voice, defaults } = needs
  const starting = { kind: kinds.get(kindName)!, defaults }
  const config = { scope: 'operate' } as const

  app.post(
    '/api/bulk-operations',
    {
      config,
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
          ...writeProblems(UnknownQueue, PreviewRefused, IdempotencyKeyReused)
        }
      }
    },
    async (request, reply) => {
      const { body, principal } = request
      await checkBulk(body, queues)
      refuseBeyond(principal.limits, { queue: body.queue })
      const sight = sightOfKey(principal)
      if (body.dry_run) return dryRun(reads, body, sight)
      const key = keyOf(request, 'POST /api/bulk-operations', body)
      const first = await recall(db, key)
      if (first) return say(reply, first, true) as never
      const { filter, expectation } = await plan(reads, body, sight)
      let enqueued: Enqueued[] = []
      const { answer, replayed } = await once(db, key, async trx => {
        const operation = { ...body, filter, sight, by: byRequest(request) }
        const started = await startBulk(trx, starting, operation, expectation)
        enqueued = started.enqueued
        const { id, task_id } = started
        return { status: 202, location: `/api/bulk-operations/${id}`, body: { id, task_id } }
      })
      voice.enqueued(enqueued)
      return say(reply, answer, replayed) as never
    }
  )

  app.get(
    '/api/bulk-operations',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listBulkOperations',
        summary: 'Bulk operations, newest first',
        querystring: Page,
        response: { 200: answer(Bulks, 'A page of operations'), ...readProblems(InvalidCursor) }
      }
    },
    async ({ query }) => listBulk(reads.pool, query)
  )

  app.get(
    '/api/bulk-operations/:id',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getBulkOperation',
        summary: 'A bulk operation',
        params: Id,
        response: { 200: answer(BulkBody, 'The operation'), ...readProblems(BulkNotFound) }
      }
    },
    async ({ params: { id }, principal }) => mustFindBulk(db.pool, id, principal)
  )

  app.post(
    '/api/bulk-operations/:id/abort',
    {
      config,
      schema: {
        operationId: 'abortBulkOperation',
        summary: 'Stop a bulk operation',
        description: 'It ends behind the batch that is being written. What is done stays done, and can be undone.',
        params: Id,
        response: { 202: answer(BulkBody, 'The operation'), ...writeProblems(BulkNotFound, BulkFinished) }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      const { status } = await mustFindBulk(db.pool, id, request.principal)
      if (hasEnded(status)) throw new BulkFinished(status)
      await db.query.transaction().execute(async trx => {
        await trx.executeQuery(CompiledQuery.raw(abortBulkSql, [id]))
        await recordAct(trx, byRequest(request), 'bulk.abort', { type: 'bulk_operation', id })
      })
      reply.code(202)
      return mustFindBulk(db.pool, id, request.principal)
    }
  )

  app.post(
    '/api/bulk-operations/:id/undo',
    {
      config,
      schema: {
        operationId: 'undoBulkOperation',
        summary: 'Undo a bulk operation',
        description:
          'Another operation brings back those of its tasks that have not moved on: what was cancelled while it waited waits again, what was retried and has not started is as it had ended, what was moved and waits is in its queue again.',
        params: Id,
        response: {
          202: answer(Started, 'It is accepted', { Location }),
          ...writeProblems(BulkNotFound, BulkNotUndoable)
        }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      const original = await mustFindBulk(db.pool, id, request.principal)
      checkUndo(original)
      const sight = sightOfKey(request.principal)
      const operation = { action: 'undo', filter: original.filter, undo_of: id, sight, by: byRequest(request) } as const
      const expectation = { count: original.done, exact: true }
      const started = await db.query
        .transaction()
        .execute(trx => startBulk(trx, starting, operation, expectation))
        .catch(error => {
          // Its other undo was accepted meanwhile.
          throw error.code === '23505' ? new BulkNotUndoable('that was done already') : error
        })
      voice.enqueued(started.enqueued)
      reply.code(202).header('location', `/api/bulk-operations/${started.id}`)
      return { id: started.id, task_id: started.task_id }
    }
  )
}

export const abortBulkSql = `
update darkroom.bulk_operations set abort_at = coalesce(abort_at, now()) where id = $1 and finished_at is null`
