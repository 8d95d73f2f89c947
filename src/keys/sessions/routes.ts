import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { scopes } from '#access/scopes.ts'
import { readToken } from '#access/token.ts'
import { byRequest } from '#audit/by.ts'
import type { By } from '#audit/record.ts'
import {
  KeyInUrl,
  LimitExceeded,
  ProxyNotTrusted,
  SessionInsecure,
  SessionNotFound,
  TooManyFailures,
  Unauthorized
} from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { publicReadProblems, publicWriteProblems, readProblems, writeProblems } from '#schema/problems.ts'
import type { Holder } from '../holder.ts'
import type { KeyNeeds } from '../needs.ts'
import { mustBeSecure, removeCookies, setCookie } from './cookie.ts'
import { SessionBody, SessionFilters, Sessions, SignIn } from './schemas.ts'
import { endOfSession, endSession, listSessions, openSession } from './sessions.ts'

const everything: SessionBody = {
  ...{ key: null, person: null, scopes: [...scopes], limits: {} },
  ...{ expires_at: null, open: true }
}

/** Signing in to the dashboard: the key is exchanged for a cookie that no script can read. */
export const sessionRoutes: FastifyPluginAsyncTypebox<KeyNeeds> = async (app, needs) => {
  await app.register(signInRoute, needs)
  await app.register(ownRoutes, needs)
  await app.register(listRoutes, needs)
}

const signInRoute: FastifyPluginAsyncTypebox<KeyNeeds> = async (app, { db, keyring, settings }) => {
  app.post(
    '/api/session',
    {
      preValidation: async request => {
        request.body ??= {}
      },
      config: { scope: 'public', asks: true },
      schema: {
        operationId: 'signIn',
        summary: 'Sign in with a key',
        description:
          'Sets a cookie for this site, which ends with the key, 12 hours after the last request, or after 7 days. By https, or on this machine.',
        body: SignIn,
        response: {
          201: answer(SessionBody, 'The session', { 'Set-Cookie': Type.String({ description: 'The cookie' }) }),
          200: answer(SessionBody, 'No key is needed'),
          ...publicWriteProblems(
            ...[KeyInUrl, ProxyNotTrusted, Unauthorized, LimitExceeded, TooManyFailures, SessionInsecure]
          )
        }
      }
    },
    async (request, reply) => {
      const { key } = request.body
      if (key === undefined && keyring.isOpen()) return everything
      const holder = await request.signIn(readToken(key ?? ''), reply)
      const isSecure = mustBeSecure(request, settings.PUBLIC_URL)
      const { id, name, scopes } = holder
      const by: By = { principal: { kind: 'session', id, name, address: request.ip, scopes }, requestId: request.id }
      const agent = request.headers['user-agent']
      const { token, ends_at } = await db.query.transaction().execute(trx => openSession(trx, id, by, agent))
      setCookie(reply, isSecure, token.text)
      reply.code(201)
      return bodyOf(holder, ends_at)
    }
  )
}

const ownRoutes: FastifyPluginAsyncTypebox<KeyNeeds> = async (app, { db, keyring }) => {
  app.get(
    '/api/session',
    {
      logLevel: 'warn',
      config: { scope: 'public', asks: true },
      schema: {
        operationId: 'getSession',
        summary: 'Who is signed in, and what that may do',
        description: 'For a cookie, for a key itself, or for a person whom the proxy in front has signed in.',
        response: {
          200: answer(SessionBody, 'The session'),
          ...publicReadProblems(KeyInUrl, ProxyNotTrusted, Unauthorized)
        }
      }
    },
    async ({ holder }, reply) => {
      if (holder)
        return bodyOf(holder, holder.session === undefined ? undefined : await endOfSession(db.pool, holder.session))
      if (keyring.isOpen()) return everything
      reply.header('www-authenticate', 'Bearer')
      throw new Unauthorized()
    }
  )

  app.delete(
    '/api/session',
    {
      config: { scope: 'public', asks: true },
      schema: {
        operationId: 'signOut',
        summary: 'Sign out',
        description: 'Ends the session and what it has open.',
        response: {
          204: answer(Type.Null(), 'The session has ended', {
            'Clear-Site-Data': Type.String({ description: 'Makes the browser forget what it has kept' })
          }),
          ...publicWriteProblems(KeyInUrl, ProxyNotTrusted)
        }
      }
    },
    async (request, reply) => {
      const session = request.holder?.session
      if (session !== undefined) {
        await db.query.transaction().execute(trx => endSession(trx, session, byRequest(request)))
        keyring.end(session)
      }
      removeCookies(reply)
      reply.code(204).header('clear-site-data', '"cache", "storage"')
    }
  )
}

const listRoutes: FastifyPluginAsyncTypebox<KeyNeeds> = async (app, { db, keyring }) => {
  app.get(
    '/api/sessions',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'listSessions',
        summary: 'Browsers that are signed in, newest first',
        querystring: SessionFilters,
        response: { 200: answer(Sessions, 'The sessions'), ...readProblems() }
      }
    },
    async ({ query, holder }) => ({ items: await listSessions(db.query, query, holder?.session) })
  )

  app.delete(
    '/api/sessions/:id',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'endSession',
        summary: 'Sign a browser out',
        description: 'Its requests are refused, and its sockets, streams, waits and uploads end, within a second.',
        params: Type.Object({ id: Type.String({ description: 'Id of the session' }) }),
        response: { 204: answer(Type.Null(), 'The session has ended'), ...writeProblems(SessionNotFound) }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      const isEnded = await db.query.transaction().execute(trx => endSession(trx, id, byRequest(request)))
      if (!isEnded) throw new SessionNotFound(id)
      keyring.end(id)
      reply.code(204)
    }
  )
}

function bodyOf({ kind, id, name, scopes, limits }: Holder, ends: Date | undefined): SessionBody {
  const isPerson = kind === 'proxy'
  return {
    key: isPerson ? null : { id, name },
    person: isPerson ? name : null,
    ...{ scopes: [...scopes], limits },
    expires_at: ends?.toISOString() ?? null,
    open: false
  }
}
