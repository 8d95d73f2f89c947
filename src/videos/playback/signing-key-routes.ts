import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import { byRequest } from '#audit/by.ts'
import type { Database } from '#database/connect.ts'
import { IdempotencyKeyReused, SigningKeyNotFound } from '#errors.ts'
import { keyOf, once } from '#idempotency/once.ts'
import { say } from '#idempotency/reply.ts'
import { IdempotencyKey, Replayed } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import type { Secrets } from '#secrets/master.ts'
import { NewSigningKey, SigningKeys, SigningKeyWithKey } from './schemas.ts'
import { newKid, signingKey } from './signing-key.ts'
import { addSigningKey, listSigningKeys, presentSigningKey, retireSigningKey } from './signing-keys.ts'

interface SigningKeyNeeds {
  db: Database
  secrets: Secrets
}

/** The routes of the keys with which an app signs links by itself. */
export const signingKeyRoutes: FastifyPluginAsync<SigningKeyNeeds> = async (app, needs) => {
  await app.register(listRoute, needs)
  await app.register(addRoute, needs)
  await app.register(retireRoute, needs)
}

const listRoute: FastifyPluginAsyncTypebox<SigningKeyNeeds> = async (app, { db }) => {
  app.get(
    '/api/signing-keys',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'listSigningKeys',
        summary: 'Keys with which apps sign links to films, newest first',
        response: { 200: answer(SigningKeys, 'All of them, retired ones too'), ...readProblems() }
      }
    },
    async () => ({ items: (await listSigningKeys(db)).map(presentSigningKey) })
  )
}

const addRoute: FastifyPluginAsyncTypebox<SigningKeyNeeds> = async (app, { db, secrets }) => {
  app.post(
    '/api/signing-keys',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'addSigningKey',
        summary: 'Make a key with which an app signs links to films',
        description:
          'A program with this key makes links to all films. It is kept nowhere, and only this answer shows it.',
        headers: IdempotencyKey,
        body: NewSigningKey,
        response: {
          201: answer(SigningKeyWithKey, 'The key', Replayed),
          ...writeProblems(IdempotencyKeyReused)
        }
      }
    },
    async (request, reply) => {
      const { body } = request
      const asked = keyOf(request, 'POST /api/signing-keys', body)
      const { answer, replayed } = await once(db, asked, async trx => {
        const row = await addSigningKey(trx, { kid: newKid(), name: body.name }, byRequest(request))
        return { status: 201, body: presentSigningKey(row) }
      })
      const shown = answer.body as ReturnType<typeof presentSigningKey>
      // Derived, and so the same for a repeated request.
      const key = signingKey(secrets, shown.kid)
      return say(reply, { ...answer, body: { ...shown, key } }, replayed) as SigningKeyWithKey
    }
  )
}

const retireRoute: FastifyPluginAsyncTypebox<SigningKeyNeeds> = async (app, { db }) => {
  app.delete(
    '/api/signing-keys/:kid',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'retireSigningKey',
        summary: 'Retire a signing key',
        description:
          'No link that it has signed is valid any more. To replace it without a gap, let the app sign with a new one and retire this one after the longest expiry of its links.',
        params: Type.Object({ kid: Type.String({ description: 'Id of the key' }) }),
        response: { 204: answer(Type.Null(), 'The key is retired'), ...writeProblems(SigningKeyNotFound) }
      }
    },
    async (request, reply) => {
      const { kid } = request.params
      await db.query.transaction().execute(trx => retireSigningKey(trx, kid, byRequest(request)))
      reply.code(204)
    }
  )
}
