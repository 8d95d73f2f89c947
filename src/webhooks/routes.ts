import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { IdempotencyKeyReused, InvalidCursor, WebhookNotFound } from '#errors.ts'
import { keyOf, once, recall } from '#idempotency/once.ts'
import { say } from '#idempotency/reply.ts'
import { IdempotencyKey, Location, Replayed } from '#idempotency/schemas.ts'
import type { Guard } from '#outbound/guard.ts'
import { answer } from '#schema/answers.ts'
import { Id, Page } from '#schema/common.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import { addWebhook, checkUrl } from './add.ts'
import { deliveryRoutes } from './delivery-routes.ts'
import { editWebhook, removeWebhook, rotateSecret } from './edit.ts'
import { present } from './present.ts'
import { findWebhook, listWebhooks } from './queries.ts'
import { NewWebhook, Rotation, WebhookBody, WebhookPatch, Webhooks, WebhookWithSecret } from './schemas.ts'

export interface WebhookNeeds {
  db: Database
  guard: Guard
}

/** The routes that make and change webhooks. */
export const webhookRoutes: FastifyPluginAsyncTypebox<WebhookNeeds> = async (app, { db, guard }) => {
  await app.register(deliveryRoutes, { db })

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

  app.post(
    '/api/webhooks',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'addWebhook',
        summary: 'Add a webhook',
        description:
          'Messages are signed by Standard Webhooks 1.0 with `secret`, which only this answer shows. They are written in the transaction of the change, and tried eight times in 27 hours.',
        headers: IdempotencyKey,
        body: NewWebhook,
        response: {
          201: answer(WebhookWithSecret, 'The webhook', { Location, ...Replayed }),
          ...writeProblems(IdempotencyKeyReused)
        }
      }
    },
    async (request, reply) => {
      const { body } = request
      const key = keyOf(request, 'POST /api/webhooks', body)
      const first = await recall(db, key)
      if (first) return say(reply, first, true) as WebhookWithSecret
      await checkUrl(guard, body.url)
      const { answer, replayed } = await once(db, key, async trx => {
        const { row, secret } = await addWebhook(trx, body)
        return { status: 201, location: `/api/webhooks/${row.id}/deliveries`, body: { ...present(row), secret } }
      })
      return say(reply, answer, replayed) as WebhookWithSecret
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

  app.patch(
    '/api/webhooks/:id',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'editWebhook',
        summary: 'Change a webhook',
        description:
          'Only what is given changes. Messages that wait already are sent to the new address; filters count for changes to come.',
        params: Id,
        body: WebhookPatch,
        response: { 200: answer(WebhookBody, 'The webhook, changed'), ...writeProblems(WebhookNotFound) }
      }
    },
    async ({ params: { id }, body }) => {
      if (body.url !== undefined) await checkUrl(guard, body.url)
      return present(await editWebhook(db, id, body))
    }
  )

  app.delete(
    '/api/webhooks/:id',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'removeWebhook',
        summary: 'Delete a webhook',
        description: 'Messages that wait are not sent any more.',
        params: Id,
        response: { 204: answer(Type.Null(), 'The webhook is deleted'), ...writeProblems(WebhookNotFound) }
      }
    },
    async ({ params: { id } }, reply) => {
      await removeWebhook(db, id)
      reply.code(204)
    }
  )

  app.post(
    '/api/webhooks/:id/rotate',
    {
      preValidation: async request => {
        request.body ??= {}
      },
      config: { scope: 'admin' },
      schema: {
        operationId: 'rotateWebhook',
        summary: 'Give a webhook a new secret',
        description: 'Until `overlap` is over, messages have two signatures, of which receivers accept either.',
        params: Id,
        body: Rotation,
        response: {
          200: answer(WebhookWithSecret, 'The webhook, with its new secret'),
          ...writeProblems(WebhookNotFound)
        }
      }
    },
    async ({ params: { id }, body: { overlap = 86_400 } }) => {
      const { row, secret } = await rotateSecret(db, id, overlap)
      return { ...present(row), secret }
    }
  )
}
