import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '#database/connect.ts'
import { InvalidCursor, WebhookNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { presentDelivery } from '../present.ts'
import { findWebhook, listDeliveries } from '../queries.ts'
import { Deliveries, DeliveryFilters } from '../schemas.ts'

export const deliveriesRoute: FastifyPluginAsyncTypebox<{ db: Database }> = async (app, { db }) => {
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
}
