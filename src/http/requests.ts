import type { FastifyInstance } from 'fastify'
import { InvalidRequest, MethodNotAllowed, UnsupportedEncoding } from '#errors.ts'
import type { Metrics } from '#metrics/metrics.ts'
import { isUuid } from '#schema/common.ts'
import { loggedUrl } from './logged-url.ts'
import { urlWithoutToken } from './play-url.ts'

const bodyless = new Set(['GET', 'HEAD'])

/** Hooks for the requests of every route. */
export function readRequests(app: FastifyInstance) {
  app.addHook('onRequest', ({ method, url, headers, is404 }, _reply, done) => {
    const query = url.indexOf('?')
    if (query >= 0 && /%00/.test(url.slice(query))) return done(new InvalidRequest('The query has a NUL in a text'))
    // Only tus has it; elsewhere a proxy in front may have checked another method.
    if (headers['x-http-method-override'] !== undefined && !url.startsWith('/api/uploads')) {
      return done(new MethodNotAllowed(`${method} with X-HTTP-Method-Override`, method))
    }
    const encoding = headers['content-encoding']
    // A compressed body would fail as JSON, or be stored as a film.
    if (encoding && !/^identity$/i.test(encoding) && !is404 && !bodyless.has(method)) {
      return done(new UnsupportedEncoding(encoding))
    }
    done()
  })
  // Postgres accepts ids in upper case; store keys, notifications and comparisons here need lower case.
  app.addHook('preValidation', (request, _reply, done) => {
    const params = request.params as Record<string, string>
    if (params.id !== undefined && isUuid(params.id)) params.id = params.id.toLowerCase()
    // Postgres takes no NUL, so nothing has such an id.
    for (const name in params) params[name] = params[name]!.replaceAll('\0', '\ufffd')
    done()
  })
}

/** Logs one line for each request, except on routes that are polled all the time. */
export function logRequests(app: FastifyInstance) {
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request
    if (routeOptions.logLevel !== 'warn') {
      const url = loggedUrl(urlWithoutToken(request))
      request.log.info({ method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'request')
    }
    done()
  })
}

/** Event streams and WebSockets are open for as long as clients like, which says nothing. */
export function countRequests(app: FastifyInstance, metrics: Metrics) {
  app.addHook('onResponse', ({ method, is404, routeOptions: { url, config } }, reply, done) => {
    const { keepsOpen } = config
    if (keepsOpen !== 'streams' && keepsOpen !== 'sockets') {
      const route = is404 || url === undefined ? 'none' : url
      metrics.requested({ method, route, status: reply.statusCode }, reply.elapsedTime)
    }
    done()
  })
}
