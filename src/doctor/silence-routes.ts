import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import { byRequest } from '#audit/by.ts'
import type { Database } from '#database/connect.ts'
import { IdempotencyKeyReused, SilenceNotFound } from '#errors.ts'
import { keyOf, once, recall } from '#idempotency/once.ts'
import { say } from '#idempotency/reply.ts'
import { IdempotencyKey, Location, Replayed } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { Id } from '#schema/common.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import { NewSilence, SilenceBody, Silences } from './schemas.ts'
import { addSilence, endOf, listSilences, removeSilence } from './silence.ts'

/** What webhooks are not told of. */
export const silenceRoutes: FastifyPluginAsync<{ db: Database }> = async (app, needs) => {
  await app.register(listRoute, needs)
  await app.register(addRoute, needs)
  await app.register(removeRoute, needs)
}

const listRoute: FastifyPluginAsyncTypebox<{ db: Database }> = async (app, { db }) => {
  app.get(
    '/api/problems/silences',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listSilences',
        summary: 'Problems that webhooks are not told of',
        response: { 200: answer(Silences, 'The silences that have not ended'), ...readProblems() }
      }
    },
    async () => ({ items: await listSilences(db.pool) })
  )
}

const addRoute: FastifyPluginAsyncTypebox<{ db: Database }> = async (app, { db }) => {
  app.post(
    '/api/problems/silences',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'silenceProblem',
        summary: 'Tell webhooks nothing of a problem until a time',
        description:
          'It stays in all lists. What still stands at the end is told of then. There is one for each code and subject: a second one takes its place.',
        headers: IdempotencyKey,
        body: NewSilence,
        response: {
          201: answer(SilenceBody, 'The silence', { Location, ...Replayed }),
          ...writeProblems(IdempotencyKeyReused)
        }
      }
    },
    async (request, reply) => {
      const { body } = request
      const key = keyOf(request, 'POST /api/problems/silences', body)
      const first = await recall(db, key)
      if (first) return say(reply, first, true) as SilenceBody
      const until = endOf(body)
      const { answer, replayed } = await once(db, key, async trx => {
        const silence = await addSilence(trx, body, until, byRequest(request))
        return { status: 201, location: `/api/problems/silences/${silence.id}`, body: silence }
      })
      return say(reply, answer, replayed) as SilenceBody
    }
  )
}

const removeRoute: FastifyPluginAsyncTypebox<{ db: Database }> = async (app, { db }) => {
  app.delete(
    '/api/problems/silences/:id',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'removeSilence',
        summary: 'End a silence',
        description: 'What still stands is told of at the next look, within ten seconds as a rule.',
        params: Id,
        response: { 204: answer(Type.Null(), 'It is ended'), ...writeProblems(SilenceNotFound) }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      await db.query.transaction().execute(trx => removeSilence(trx, id, byRequest(request)))
      reply.code(204)
    }
  )
}
