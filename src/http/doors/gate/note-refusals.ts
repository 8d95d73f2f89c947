import type { FastifyInstance } from 'fastify'
import { byRequest } from '#audit/by.ts'
import type { Refusals } from '#audit/refusals.ts'

/** Notes requests that are answered with 401 or 403, whichever door or route refuses them. */
export function noteRefusals(app: FastifyInstance, refusals: Refusals) {
  app.addHook('onError', (request, _reply, error, done) => {
    if (error.statusCode === 401 || error.statusCode === 403) {
      const route = `${request.method} ${request.routeOptions.url ?? 'unknown'}`
      refusals.note({ by: byRequest(request), code: error.code, route })
    }
    done()
  })
}
