import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { byRequest } from '#audit/by.ts'
import { recordAct } from '#audit/record.ts'
import type { Database, InTransaction } from '#database/connect.ts'
import { IdempotencyKeyReused, InvalidCursor, WebhookNotFound } from '#errors.ts'
import { keyOf, once, recall } from '#idempotency/once.ts'
import { say } from '#idempotency/reply.ts'
import { IdempotencyKey, Location, Replayed } from '#idempotency/schemas.ts'
import { answerSealer } from '#idempotency/sealed-answer.ts'
import type { Guard } from '#outbound/guard.ts'
import { answer } from '#schema/answers.ts'
import { Id, Page } from '#schema/common.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import type { Secrets } from '#secrets/master.ts'
import { addWebhook, checkUrl } from './add.ts'
import { deliveryRoutes } from './delivery-routes.ts'
import { editWebhook, removeWebhook, rotateSecret } from './edit.ts'
import { present } from './present.ts'
import { findWebhook, listWebhooks } from './queries.ts'
import { NewWebhook, Rotation, WebhookBody, WebhookPatch, Webhooks, WebhookWithSecret } from './schemas.ts'
import { webhookKey } from './secret.ts'

export interface WebhookNeeds {
  db: Database
  guard: Guard
  secrets: Secrets
}

/** The routes that make and change webhooks. */
export const webhookRoutes: FastifyPluginAsyncTypebox<WebhookNeeds> = async (app, { db, guard, secrets }) => {
  const sealing = webhookKey(secrets)
  const { seal, open } = answerSealer(secrets)
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
          'Messages are signed by Standard Webhooks 1.0 with `secret`, which only this answer shows: where it was lost, rotate it. They are written in the transaction of the change, and tried eight times in 27 hours.',
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
      if (first) return say(reply, { ...first, body: open(first.body) }, true) as WebhookWithSecret
      await checkUrl(guard, body.url)
      const { answer, replayed } = await once(db, key, async trx => {
        const { row, secret } = await addWebhook(trx, sealing, body)
        await recordAct(trx, byRequest(request), 'webhook.add', { type: 'webhook', id: row.id }, hostOf(row))
        return { status: 201, location: `/api/webhooks/${row.id}/deliveries`, body: seal({ ...present(row), secret }) }
      })
      return say(reply, { ...answer, body: open(answer.body) }, replayed) as WebhookWithSecret
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
    async request => {
      const { params, body } = request
      if (body.url !== undefined) await checkUrl(guard, body.url)
      const edit = (trx: InTransaction) => editWebhook(trx, params.id, body, byRequest(request))
      return present(await db.query.transaction().execute(edit))
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
    async (request, reply) => {
      const { id } = request.params
      await db.query.transaction().execute(trx => removeWebhook(trx, id, byRequest(request)))
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
    async request => {
      const { id } = request.params
      const { overlap = 86_400 } = request.body
      const rotate = (trx: InTransaction) => rotateSecret(trx, sealing, id, overlap, byRequest(request))
      const { row, secret } = await db.query.transaction().execute(rotate)
      return { ...present(row), secret }
    }
  )
}

/** An address may hold a token in its path. */
function hostOf({ url }: { url: string }) {
  return { host: new URL(url).host }
}
