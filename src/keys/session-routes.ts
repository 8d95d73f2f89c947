import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { cookieNames } from '#access/cookies.ts'
import { scopes } from '#access/scopes.ts'
import { readToken } from '#access/token.ts'
import { byRequest } from '#audit/by.ts'
import type { By } from '#audit/record.ts'
import { KeyInUrl, LimitExceeded, SessionInsecure, TooManyFailures, Unauthorized } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { publicReadProblems, publicWriteProblems } from '#schema/problems.ts'
import type { Holder } from './holder.ts'
import { sessionLongest } from './queries.ts'
import type { KeyNeeds } from './routes.ts'
import { SessionBody, SignIn } from './schemas.ts'
import { endOfSession, endSession, openSession } from './sessions.ts'

const local = /^(?:localhost|[\w.-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i
const everything: SessionBody = { key: null, scopes: [...scopes], limits: {}, expires_at: null, open: true }

/** Signing in to the dashboard: the key is exchanged for a cookie that no script can read. */
export const sessionRoutes: FastifyPluginAsyncTypebox<KeyNeeds> = async (app, { db, keyring, settings }) => {
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
          ...publicWriteProblems(KeyInUrl, Unauthorized, LimitExceeded, TooManyFailures, SessionInsecure)
        }
      }
    },
    async (request, reply) => {
      const { key } = request.body
      if (key === undefined && keyring.isOpen()) return everything
      const holder = await request.signIn(readToken(key ?? ''), reply)
      const isSecure = isHttps(request)
      if (!isSecure && !isLocal(request)) throw new SessionInsecure()
      const { id, name, scopes } = holder
      const by: By = { principal: { kind: 'session', id, name, address: request.ip, scopes }, requestId: request.id }
      const agent = request.headers['user-agent']
      const { token, ends_at } = await db.query.transaction().execute(trx => openSession(trx, id, by, agent))
      setCookie(reply, isSecure, `${token.text}; Max-Age=${sessionLongest}`)
      reply.code(201)
      return bodyOf(holder, ends_at)
    }
  )

  app.get(
    '/api/session',
    {
      logLevel: 'warn',
      config: { scope: 'public', asks: true },
      schema: {
        operationId: 'getSession',
        summary: 'Which key is signed in, and what it may do',
        description: 'For a cookie, or for a key itself.',
        response: { 200: answer(SessionBody, 'The session'), ...publicReadProblems(KeyInUrl, Unauthorized) }
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
          ...publicWriteProblems(KeyInUrl)
        }
      }
    },
    async (request, reply) => {
      const session = request.holder?.session
      if (session !== undefined) {
        await db.query.transaction().execute(trx => endSession(trx, session, byRequest(request)))
        keyring.end(session)
      }
      for (const isSecure of [true, false]) setCookie(reply, isSecure, '; Max-Age=0')
      reply.code(204).header('clear-site-data', '"cache", "storage"')
    }
  )

  function isHttps(request: FastifyRequest) {
    if (request.protocol === 'https') return true
    return settings.PUBLIC_URL?.startsWith('https:') === true && !isLocal(request)
  }
}

/** Whether the browser has asked for an address of its own machine. */
function isLocal({ headers: { host = '' } }: FastifyRequest) {
  return local.test(host)
}

function setCookie(reply: FastifyReply, isSecure: boolean, value: string) {
  const name = isSecure ? cookieNames.secure : cookieNames.local
  reply.header('set-cookie', `${name}=${value}; Path=/; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`)
}

function bodyOf({ id, name, scopes, limits }: Holder, ends: Date | undefined): SessionBody {
  return { key: { id, name }, scopes: [...scopes], limits, expires_at: ends?.toISOString() ?? null, open: false }
}
