import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { CompiledQuery } from 'kysely'
import type { Principal } from '#access/principal.ts'
import { byRequest } from '#audit/by.ts'
import { recordAct } from '#audit/record.ts'
import type { Database } from '#database/connect.ts'
import { BulkFinished, BulkNotFound, BulkNotUndoable, KindInternal } from '#errors.ts'
import { Location } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { Id } from '#schema/common.ts'
import { writeProblems } from '#schema/problems.ts'
import type { Voice } from '#tasks/voice.ts'
import { sightOfKey } from './matching.ts'
import { hasEnded, mustFindBulk } from './queries.ts'
import { mustReach } from './reach.ts'
import { BulkBody, Started } from './schemas.ts'
import { checkUndo, type StartNeeds, startBulk } from './start.ts'

interface BulkSteerNeeds extends StartNeeds {
  db: Database
  voice: Voice
}

export const abortBulkSql = `
update darkroom.bulk_operations set abort_at = coalesce(abort_at, now()) where id = $1 and finished_at is null`

const config = { scope: 'operate' } as const

async function mustSteer(db: Database, id: string, principal: Principal) {
  const { operation, sight } = await mustFindBulk(db.pool, id, principal)
  mustReach({ filter: operation.filter, sight, queue: operation.queue }, principal)
  return operation
}

export const bulkAbortRoute: FastifyPluginAsyncTypebox<BulkSteerNeeds> = async (app, { db }) => {
  app.post(
    '/api/bulk-operations/:id/abort',
    {
      config,
      schema: {
        operationId: 'abortBulkOperation',
        summary: 'Stop a bulk operation',
        description: 'It ends behind the batch that is being written. What is done stays done, and can be undone.',
        params: Id,
        response: { 202: answer(BulkBody, 'The operation'), ...writeProblems(BulkNotFound, KindInternal, BulkFinished) }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      const { status } = await mustSteer(db, id, request.principal)
      if (hasEnded(status)) throw new BulkFinished(status)
      await db.query.transaction().execute(async trx => {
        await trx.executeQuery(CompiledQuery.raw(abortBulkSql, [id]))
        await recordAct(trx, byRequest(request), 'bulk.abort', { type: 'bulk_operation', id })
      })
      reply.code(202)
      return (await mustFindBulk(db.pool, id, request.principal)).operation
    }
  )
}

export const bulkUndoRoute: FastifyPluginAsyncTypebox<BulkSteerNeeds> = async (app, needs) => {
  const { db, voice } = needs
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
          ...writeProblems(BulkNotFound, KindInternal, BulkNotUndoable)
        }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      const original = await mustSteer(db, id, request.principal)
      checkUndo(original)
      const sight = sightOfKey(request.principal)
      const operation = { action: 'undo', filter: original.filter, undo_of: id, sight, by: byRequest(request) } as const
      const expectation = { count: original.done, exact: true }
      const started = await db.query
        .transaction()
        .execute(trx => startBulk(trx, needs, operation, expectation))
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
