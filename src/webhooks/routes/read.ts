import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '#database/connect.ts'
import { InvalidCursor, WebhookNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id, Page } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { present } from '../present.ts'
import { findWebhook, listWebhooks } from '../queries.ts'
import { WebhookBody, Webhooks } from '../schemas.ts'

export const readRoutes: FastifyPluginAsyncTypebox<{ db: Database }> = async (app, { db }) => {
  app.get(
    '/api/webhooks',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listWebhooks',
        summary: 'Webhooks, newest first',
        querystring: Page,
        response: { 200: answer(Webhooks, 'A page of webhooks'), ...readProblems(InvalidCursor) }
      }
    },
    async ({ query }) => {
      const { items, ...cursors } = await listWebhooks(db, query)
      return { items: items.map(present), ...cursors }
    }
  )

  app.get(
    '/api/webhooks/:id',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getWebhook',
        summary: 'A webhook',
        params: Id,
        response: { 200: answer(WebhookBody, 'The webhook'), ...readProblems(WebhookNotFound) }
      }
    },
    async ({ params: { id } }) => present(await findWebhook(db.query, id))
  )
}
