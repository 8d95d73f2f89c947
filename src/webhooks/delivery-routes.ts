import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '#database/connect.ts'
import { InvalidCursor, WebhookDisabled, WebhookNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { refuse } from '#schema/check.ts'
import { Id } from '#schema/common.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import { messageName, presentDelivery } from './present.ts'
import { findWebhook, listDeliveries } from './queries.ts'
import { Deliveries, DeliveryFilters, Replay, Replayed, TestSent } from './schemas.ts'
import { replay, replayOne, sendTest } from './send-again.ts'

/** The routes about the messages of a webhook. */
export const deliveryRoutes: FastifyPluginAsyncTypebox<{ db: Database }> = async (app, { db }) => {
  app.get(
    '/api/webhooks/:id/deliveries',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listDeliveries',
        summary: 'What became of the messages to a webhook, newest first',
        params: Id,
        querystring: DeliveryFilters,
        response: {
          200: answer(Deliveries, 'A page of messages with their attempts'),
          ...readProblems(WebhookNotFound, InvalidCursor)
        }
      }
    },
    async ({ params: { id }, query }) => {
      const webhook = await findWebhook(db.query, id)
      const { items, ...cursors } = await listDeliveries(db, webhook.id, query)
      return { items: items.map(presentDelivery), ...cursors }
    }
  )

  app.post(
    '/api/webhooks/:id/test',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'testWebhook',
        summary: 'Send a test message to a webhook',
        description: 'Of type `webhook.test`, whatever `types` says.',
        params: Id,
        response: {
          202: answer(TestSent, 'The message is on its way'),
          ...writeProblems(WebhookNotFound, WebhookDisabled)
        }
      }
    },
    async ({ params: { id } }, reply) => {
      reply.code(202)
      return { id: messageName(await sendTest(db, id)) }
    }
  )

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
    async ({ params: { id }, body: { since, until, message, only = 'failed' } }, reply) => {
      if ((since === undefined) === (message === undefined)) {
        throw refuse([{ field: 'since', message: 'or message must be given, and only one of them' }])
      }
      const webhook = await findWebhook(db.query, id)
      if (!webhook.enabled) throw new WebhookDisabled()
      const { replayed, continue_since } =
        since === undefined
          ? await replayOne(db, webhook.id, message!)
          : await replay(db, webhook.id, { since, until, all: only === 'all' })
      reply.code(202)
      return { replayed, continue_since: continue_since?.toISOString() ?? null }
    }
  )
}
