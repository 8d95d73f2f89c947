import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { byRequest } from '#audit/by.ts'
import type { Database } from '#database/connect.ts'
import { WebhookDisabled, WebhookNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { refuse } from '#schema/check.ts'
import { Id } from '#schema/common.ts'
import { writeProblems } from '#schema/problems.ts'
import { findWebhook } from '../queries.ts'
import { Replay, Replayed } from '../schemas.ts'
import { replay, replayOne } from '../send-again.ts'

export const replayRoute: FastifyPluginAsyncTypebox<{ db: Database }> = async (app, { db }) => {
  app.post(
    '/api/webhooks/:id/replay',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'replayWebhook',
        summary: 'Send messages to a webhook again',
        description:
          'Those since a time, or one. They keep their ids, so that a receiver can tell them from new ones, and get eight tries again.',
        params: Id,
        body: Replay,
        response: {
          202: answer(Replayed, 'How many messages are sent again'),
          ...writeProblems(WebhookNotFound, WebhookDisabled)
        }
      }
    },
    async (request, reply) => {
      const { since, until, message, only = 'failed' } = request.body
      if ((since === undefined) === (message === undefined)) {
        throw refuse([{ field: 'since', message: 'or message must be given, and only one of them' }])
      }
      const webhook = await findWebhook(db.query, request.params.id)
      if (!webhook.enabled) throw new WebhookDisabled()
      const by = byRequest(request)
      const { replayed, continue_since } = await db.query
        .transaction()
        .execute(trx =>
          since === undefined
            ? replayOne(trx, webhook.id, message!, by)
            : replay(trx, webhook.id, { since, until, all: only === 'all' }, by)
        )
      reply.code(202)
      return { replayed, continue_since: continue_since?.toISOString() ?? null }
    }
  )
}
