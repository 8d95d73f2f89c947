import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { byRequest } from '#audit/by.ts'
import { IdempotencyKeyReused, KeyEnded, KeyNotFound } from '#errors.ts'
import { keyOf, once } from '#idempotency/once.ts'
import { replyOnce } from '#idempotency/reply.ts'
import { IdempotencyKey, Location, Replayed } from '#idempotency/schemas.ts'
import { answerSealer } from '#idempotency/sealed-answer.ts'
import { answer } from '#schema/answers.ts'
import { First } from '#schema/common.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import { createKey, findKey, listKeys, revokeKey, rotateKey } from './acts.ts'
import type { KeyNeeds } from './needs.ts'
import { KeyBody, Keys, KeyWithSecret, NewKey, Rotation } from './schemas.ts'
import { sessionRoutes } from './sessions/routes.ts'
import { ticketRoutes } from './ticket-routes.ts'

const Id = Type.Object({ id: Type.String({ description: 'Id of the key' }) })

/** The routes that make and end keys, sessions and tickets. */
export const keyRoutes: FastifyPluginAsyncTypebox<KeyNeeds> = async (app, needs) => {
  await app.register(sessionRoutes, needs)
  await app.register(ticketRoutes, needs)
  await app.register(readRoutes, needs)
  await app.register(createRoute, needs)
  await app.register(endRoutes, needs)
}

const readRoutes: FastifyPluginAsyncTypebox<KeyNeeds> = async (app, { db }) => {
  app.get(
    '/api/keys',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'listKeys',
        summary: 'Keys, newest first',
        description: 'Also those that have expired or were revoked; never the keys themselves.',
        querystring: First,
        response: { 200: answer(Keys, 'All keys'), ...readProblems() }
      }
    },
    async ({ query: { limit = 1000 } }) => ({ items: await listKeys(db.query, limit) })
  )

  app.get(
    '/api/keys/:id',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'getKey',
        summary: 'A key',
        params: Id,
        response: { 200: answer(KeyBody, 'The key, without itself'), ...readProblems(KeyNotFound) }
      }
    },
    async ({ params: { id } }) => findKey(db.query, id)
  )
}

const createRoute: FastifyPluginAsyncTypebox<KeyNeeds> = async (app, { db, keyring, secrets }) => {
  const { seal, open } = answerSealer(secrets)
  app.post(
    '/api/keys',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'createKey',
        summary: 'Create a key',
        description:
          'With `preset` (`viewer`: read; `submitter`: submit, and see what it has created; `operator`: read, submit, operate, play; `player`: play; `scraper`: metrics; `admin`: everything) or `scopes`. Only this answer shows the key. The first key closes a service that needed none.',
        headers: IdempotencyKey,
        body: NewKey,
        response: {
          201: answer(KeyWithSecret, 'The key', { Location, ...Replayed }),
          ...writeProblems(IdempotencyKeyReused)
        }
      }
    },
    async (request, reply) => {
      const { body } = request
      const repeat = keyOf(request, 'POST /api/keys', body)
      const make = () =>
        once(db, repeat, async trx => {
          const key = await createKey(trx, body, byRequest(request))
          return { status: 201, location: `/api/keys/${key.id}`, body: seal(key) }
        })
      const key = await replyOnce<KeyWithSecret>(reply, db, repeat, make, open)
      await keyring.hear(key.id)
      return key
    }
  )
}

const endRoutes: FastifyPluginAsyncTypebox<KeyNeeds> = async (app, { db, keyring }) => {
  app.post(
    '/api/keys/:id/rotate',
    {
      preValidation: async request => {
        request.body ??= {}
      },
      config: { scope: 'admin' },
      schema: {
        operationId: 'rotateKey',
        summary: 'Rotate a key',
        description:
          'Makes a second key with the same name, scopes and limits. The old one works for `overlap` more seconds, a day by default.',
        params: Id,
        body: Rotation,
        response: {
          201: answer(KeyWithSecret, 'The new key', { Location }),
          ...writeProblems(KeyNotFound, KeyEnded)
        }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      const { overlap = 86_400 } = request.body
      const key = await db.query.transaction().execute(trx => rotateKey(trx, id, overlap, byRequest(request)))
      await keyring.hear(id)
      reply.code(201).header('location', `/api/keys/${key.id}`)
      return key
    }
  )

  app.delete(
    '/api/keys/:id',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'revokeKey',
        summary: 'Revoke a key',
        description:
          'Its requests are refused, and its sockets, streams, waits, uploads and sessions end, within a second.',
        params: Id,
        response: { 204: answer(Type.Null(), 'The key is revoked'), ...writeProblems(KeyNotFound) }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      await db.query.transaction().execute(trx => revokeKey(trx, id, byRequest(request)))
      keyring.end(id)
      reply.code(204)
    }
  )
}
