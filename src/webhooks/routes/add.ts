import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { byRequest } from '#audit/by.ts'
import { recordAct } from '#audit/record.ts'
import { IdempotencyKeyReused } from '#errors.ts'
import { keyOf, once } from '#idempotency/once.ts'
import { replyOnce } from '#idempotency/reply.ts'
import { IdempotencyKey, Location, Replayed } from '#idempotency/schemas.ts'
import { answerSealer } from '#idempotency/sealed-answer.ts'
import { answer } from '#schema/answers.ts'
import { writeProblems } from '#schema/problems.ts'
import { addWebhook, checkUrl } from '../add.ts'
import type { WebhookNeeds } from '../needs.ts'
import { present } from '../present.ts'
import { NewWebhook, WebhookWithSecret } from '../schemas.ts'
import { webhookKey } from '../secret.ts'

export const addRoute: FastifyPluginAsyncTypebox<WebhookNeeds> = async (app, { db, guard, secrets }) => {
  const sealing = webhookKey(secrets)
  const { seal, open } = answerSealer(secrets)

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
      const make = async () => {
        await checkUrl(guard, body.url)
        return once(db, key, async trx => {
          const { row, secret } = await addWebhook(trx, sealing, body)
          await recordAct(trx, byRequest(request), 'webhook.add', { type: 'webhook', id: row.id }, hostOf(row))
          const kept = seal({ ...present(row), secret })
          return { status: 201, location: `/api/webhooks/${row.id}/deliveries`, body: kept }
        })
      }
      return replyOnce<WebhookWithSecret>(reply, db, key, make, open)
    }
  )
}

/** An address may hold a token in its path. */
function hostOf({ url }: { url: string }) {
  return { host: new URL(url).host }
}
