import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { byRequest } from '#audit/by.ts'
import type { Database, InTransaction } from '#database/connect.ts'
import { WebhookDisabled, WebhookNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id } from '#schema/common.ts'
import { writeProblems } from '#schema/problems.ts'
import { messageName } from '../present.ts'
import { TestSent } from '../schemas.ts'
import { sendTest } from '../send-again.ts'

export const testRoute: FastifyPluginAsyncTypebox<{ db: Database }> = async (app, { db }) => {
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
    async (request, reply) => {
      const { id } = request.params
      reply.code(202)
      const send = (trx: InTransaction) => sendTest(trx, id, byRequest(request))
      return { id: messageName(await db.query.transaction().execute(send)) }
    }
  )
}
