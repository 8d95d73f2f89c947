import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { isOutage } from '#database/outage.ts'
import * as errors from '#errors.ts'
import { goneQueue } from '#queue/gone.ts'
import { type Coded, problemOf } from '#schema/problems.ts'
import { isFull } from '#storage/disk.ts'
import type { OutageLog } from './outage-log.ts'

const retryAfter = 2

/** Every error leaves through here: one with a code as it is, anything else as a 500 that tells nothing. */
export function errorHandler(outages: OutageLog) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const known = translate(error, request)
    const problem = problemOf(known)
    if (known instanceof errors.DatabaseUnavailable) outages.add(error)
    else if (problem.status >= 500) request.log.error({ err: error }, 'request failed')
    else if (request.raw.socket.destroyed)
      request.log.info({ method: request.method, url: request.originalUrl }, 'the client hung up')
    if (problem.status === 503) reply.header('retry-after', retryAfter)
    return reply.code(problem.status).type('application/problem+json').send(problem)
  }
}

export function handleNotFound(request: FastifyRequest) {
  throw new errors.RouteNotFound(request.method, request.originalUrl.split('?')[0])
}

const ours = new Set(Object.values(errors))

function translate(error: FastifyError & { errors?: Coded['errors'] }, request: FastifyRequest): Coded {
  if (ours.has(error.constructor as never)) return error as Coded
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new errors.InvalidJson(error.message) as Coded
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new errors.BodyTooLarge(request.routeOptions.bodyLimit) as Coded
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new errors.UnsupportedMediaType() as Coded
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new errors.InvalidRequest('The body is not as long as its Content-Length says') as Coded
  }
  // Half a body is what a client makes by hanging up. As a code it looks like the database's.
  if (error === request.raw.errored) return new errors.InvalidRequest('The request broke off') as Coded
  const gone = goneQueue(error)
  if (gone) return gone as Coded
  if (isFull(error)) return new errors.StorageFull() as Coded
  if (isOutage(error)) return new errors.DatabaseUnavailable() as Coded
  return new errors.Internal(request.id) as Coded
}
