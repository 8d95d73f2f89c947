import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { byRequest } from '#audit/by.ts'
import type { InTransaction } from '#database/connect.ts'
import { WebhookNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id } from '#schema/common.ts'
import { writeProblems } from '#schema/problems.ts'
import { rotateSecret } from '../edit.ts'
import type { WebhookNeeds } from '../needs.ts'
import { present } from '../present.ts'
import { Rotation, WebhookWithSecret } from '../schemas.ts'
import { webhookKey } from '../secret.ts'

export const rotateRoute: FastifyPluginAsyncTypebox<WebhookNeeds> = async (app, { db, secrets }) => {
  const sealing = webhookKey(secrets)

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
