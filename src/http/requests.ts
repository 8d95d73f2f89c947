import type { FastifyInstance } from 'fastify'
import { InvalidRequest, UnsupportedEncoding } from '#errors.ts'
import { isUuid } from '#schema/common.ts'

const bodyless = new Set(['GET', 'HEAD'])

/** What holds for the requests of every route. */
export function readRequests(app: FastifyInstance) {
  app.addHook('onRequest', ({ method, url, headers, is404 }, _reply, done) => {
    const query = url.indexOf('?')
    if (query >= 0 && /%00/.test(url.slice(query))) return done(new InvalidRequest('The query has a NUL in a text'))
    const encoding = headers['content-encoding']
    // Read as if it were plain it would be refused as JSON, or kept as a film.
    if (encoding && !/^identity$/i.test(encoding) && !is404 && !bodyless.has(method)) {
      return done(new UnsupportedEncoding(encoding))
    }
    done()
  })
  // Postgres knows an id in any case; files, announcements and comparisons know it only in lower case.
  app.addHook('preValidation', (request, _reply, done) => {
    const params = request.params as { id?: string }
    if (params.id !== undefined && isUuid(params.id)) params.id = params.id.toLowerCase()
    done()
  })
}

/** One line for each request, but for those of routes that are asked all the time. */
export function logRequests(app: FastifyInstance) {
  app.addHook('onResponse', (request, reply, done) => {
    const { method, originalUrl: url, routeOptions } = request
    if (routeOptions.logLevel !== 'warn') {
      request.log.info({ method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'request')
    }
    done()
  })
}
