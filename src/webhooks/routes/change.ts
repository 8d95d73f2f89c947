import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { byRequest } from '#audit/by.ts'
import type { InTransaction } from '#database/connect.ts'
import { WebhookNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id } from '#schema/common.ts'
import { writeProblems } from '#schema/problems.ts'
import { checkUrl } from '../add.ts'
import { editWebhook, removeWebhook } from '../edit.ts'
import type { WebhookNeeds } from '../needs.ts'
import { present } from '../present.ts'
import { WebhookBody, WebhookPatch } from '../schemas.ts'

export const changeRoutes: FastifyPluginAsyncTypebox<WebhookNeeds> = async (app, { db, guard }) => {
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
}
