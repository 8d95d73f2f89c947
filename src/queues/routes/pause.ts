import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { byRequest } from '#audit/by.ts'
import { type Action, recordAct } from '#audit/record.ts'
import type { Database, InTransaction } from '#database/connect.ts'
import { QueueNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { refuse } from '#schema/check.ts'
import { writeProblems } from '#schema/problems.ts'
import type { QueueNeeds } from '../needs.ts'
import { listQueues, pauseQueue, queueExists, resumeQueue } from '../queries.ts'
import { Name, Pause, QueueBody } from '../schemas.ts'

/** Pauses queues, and ends their pauses. */
export const pauseRoutes: FastifyPluginAsyncTypebox<QueueNeeds> = async (app, { db, voice }) => {
  app.post(
    '/api/queues/:name/pause',
    {
      preValidation: async request => {
        request.body ??= {}
      },
      config: { scope: 'operate' },
      schema: {
        operationId: 'pauseQueue',
        summary: 'Pause a queue',
        description: 'A paused queue still accepts tasks; running tasks finish.',
        params: Name,
        body: Pause,
        response: { 200: answer(QueueBody, 'The queue, paused'), ...writeProblems(QueueNotFound) }
      }
    },
    async request => {
      const { params, body, principal } = request
      const { reason = null, until = null } = body
      if (until !== null && Date.parse(until) <= Date.now()) {
        throw refuse([{ field: 'until', message: 'must be in the future' }])
      }
      const pause = { by: principal.name ?? principal.address, reason, until }
      return steer(db, request, 'queue.pause', trx => pauseQueue(trx, params.name, pause), { reason, until })
    }
  )

  app.post(
    '/api/queues/:name/resume',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'resumeQueue',
        summary: 'Resume a queue',
        params: Name,
        response: { 200: answer(QueueBody, 'The queue, not paused'), ...writeProblems(QueueNotFound) }
      }
    },
    async request => {
      const { name } = request.params
      const queue = await steer(db, request, 'queue.resume', trx => resumeQueue(trx, name))
      voice.wake(name)
      return queue
    }
  )
}

/** Changes a queue and records that, and answers the queue. */
async function steer(
  { pool, query }: Database,
  request: Parameters<typeof byRequest>[0] & { params: { name: string } },
  action: Action,
  change: (trx: InTransaction) => Promise<void>,
  detail?: object
) {
  const { name } = request.params
  if (!(await queueExists(pool, name))) throw new QueueNotFound(name)
  await query.transaction().execute(async trx => {
    await change(trx)
    await recordAct(trx, byRequest(request), action, { type: 'queue', id: name }, detail)
  })
  const queue = (await listQueues(pool)).find(queue => queue.name === name)
  if (!queue) throw new QueueNotFound(name)
  return queue
}
