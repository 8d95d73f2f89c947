import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Config } from '#config.ts'
import { InvalidRequest } from '#errors.ts'
import { corsAnswer } from './cors.ts'
import { hostCheck } from './host.ts'
import { mediaHostCheck } from './media-host.ts'
import { originCheck } from './origin.ts'

export type BrowserSettings = Pick<Config, 'PUBLIC_URL' | 'MEDIA_URL' | 'ALLOWED_HOSTS' | 'ALLOWED_ORIGINS'>

/** Checks against hostile pages, before all routes: upgrades, preflights and 404s included. */
export function guardAgainstPages(app: FastifyInstance, settings: BrowserSettings) {
  const { PUBLIC_URL, MEDIA_URL, ALLOWED_HOSTS = [], ALLOWED_ORIGINS = [] } = settings
  const own = PUBLIC_URL === undefined ? undefined : new URL(PUBLIC_URL)
  const allowed = new Set(ALLOWED_ORIGINS)
  const named = [PUBLIC_URL, MEDIA_URL].flatMap(url => (url === undefined ? [] : [new URL(url).hostname]))
  const checkHost = hostCheck([...named, ...ALLOWED_HOSTS])
  const checkMediaHost = mediaHostCheck(app, MEDIA_URL)
  const checkOrigin = originCheck({ own: own?.origin, allowed })
  const answerCors = corsAnswer(allowed)

  app.addHook('onRequest', (request, reply, done) => {
    try {
      checkFraming(request.raw, reply)
      checkHost(request.raw)
      checkMediaHost(request)
      checkOrigin(request)
    } catch (error) {
      return done(error as Error)
    }
    if (allowed.size > 0 && answerCors(request, reply)) return
    done()
  })
}

/**
 * Node's parser accepts `identity, chunked`, and chunks in HTTP/1.0. A proxy may read those differently and see a second
 * request where Node sees a body (request smuggling), so the connection ends, too.
 */
function checkFraming({ headers, httpVersionMinor }: IncomingMessage, reply: FastifyReply) {
  const encoding = headers['transfer-encoding']
  if (encoding === undefined) return
  if (httpVersionMinor > 0 && encoding.toLowerCase() === 'chunked') return
  reply.header('connection', 'close')
  throw new InvalidRequest('The Transfer-Encoding must be chunked, and only in HTTP/1.1')
}
