import type { FastifyInstance, FastifyRequest } from 'fastify'
import { underTrace } from '#telemetry/current.ts'
import { type Span, startSpan } from '#telemetry/spans.ts'
import { traceIdOf, traceparentIn } from '#telemetry/traceparent.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Its span, or that of its client where no spans are sent. */
    traceparent: string | undefined
    span: Span | undefined
  }
}

/**
 * A request continues the trace of its client, and the tasks that it submits continue it in turn. With a collector each
 * request has a span, but for those that are polled all the time and those that stay open for as long as clients like.
 */
export function traceRequests(app: FastifyInstance) {
  app.decorateRequest('traceparent', undefined)
  app.decorateRequest('span', undefined)
  app.addHook('onRequest', (request, _reply, done) => {
    const given = traceparentIn(request.headers.traceparent)
    request.span = isTold(request) ? spanOf(request, given) : undefined
    request.traceparent = request.span?.traceparent ?? given
    if (request.traceparent === undefined) return done()
    request.log = request.log.child({ trace_id: traceIdOf(request.traceparent) })
    underTrace(request.traceparent, done)
  })
  // What reads a body has left the trace: Node calls it for the connection.
  app.addHook('preValidation', ({ traceparent }, _reply, done) => underTrace(traceparent, done))
  app.addHook('onResponse', ({ span }, { statusCode }, done) => {
    span?.end({
      attributes: { 'http.response.status_code': statusCode },
      failed: statusCode >= 500 ? `status ${statusCode}` : undefined
    })
    done()
  })
}

function isTold({ routeOptions: { config, logLevel } }: FastifyRequest) {
  return logLevel !== 'warn' && config.keepsOpen !== 'streams' && config.keepsOpen !== 'sockets'
}

function spanOf({ method, id, is404, routeOptions: { url } }: FastifyRequest, parent: string | undefined) {
  const route = is404 || url === undefined ? undefined : url
  return startSpan(route === undefined ? method : `${method} ${route}`, {
    parent,
    kind: 'SERVER',
    attributes: {
      'http.request.method': method,
      'darkroom.request_id': id,
      ...(route !== undefined && { 'http.route': route })
    }
  })
}
