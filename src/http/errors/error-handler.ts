import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { isCancelled, isLockWait, isOutage } from '#database/outage.ts'
import * as errors from '#errors.ts'
import { goneQueue } from '#queue/gone.ts'
import { type Coded, problemOf } from '#schema/problems.ts'
import { isAway, isFull } from '#storage/outage.ts'
import { busyVideo } from '#tasks/submit/one-open.ts'
import { loggedUrl } from '../requests/logged-url.ts'
import { urlWithoutToken } from '../requests/play-url.ts'
import type { Drain } from '../stopping.ts'
import type { OutageLog } from './outage-log.ts'

const retryAfter = 2
// Answers with a 5xx status that are no bugs and need no log line.
const wanted = new Set(['STOPPING', 'OVERLOADED', 'DATABASE_LOCKED'])

const outageCodes = new Set(['DATABASE_UNAVAILABLE', 'STORAGE_FULL', 'STORAGE_UNAVAILABLE'])

/** Answers every error: one with a code as it is, any other as a 500 without details. */
export function errorHandler(outages: OutageLog, drain: Drain) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const known = translate(error, request)
    const problem = problemOf(known)
    if (outageCodes.has(problem.code)) outages.add(error)
    else if (problem.status >= 500 && !wanted.has(problem.code)) request.log.error({ err: error }, 'request failed')
    else if (request.raw.socket.destroyed) {
      const { method } = request
      const url = loggedUrl(urlWithoutToken(request))
      request.log.info({ method, url }, drain.hasCut() ? 'the API cut this request to stop' : 'the client hung up')
    }
    if ((problem.status === 503 || problem.status === 429) && !reply.hasHeader('retry-after'))
      reply.header('retry-after', retryAfter)
    // Otherwise Node would parse the rest of the slow body as the next request.
    if (problem.status === 408) reply.header('connection', 'close')
    return reply.code(problem.status).type('application/problem+json').send(problem)
  }
}

const readOnly = new Set(['GET', 'HEAD'])
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
  // A client that hangs up in the middle of its body causes ECONNRESET, which would look like a database outage.
  if (error === request.raw.errored) return new errors.InvalidRequest('The request broke off') as Coded
  const gone = goneQueue(error)
  if (gone) return gone as Coded
  const busy = busyVideo(error)
  if (busy) return new errors.VideoBusy(busy) as Coded
  if (isFull(error)) return new errors.StorageFull() as Coded
  // A write times out while it waits for a lock, so a retry may succeed; a slow read would be slow again.
  if (isCancelled(error) && readOnly.has(request.method)) return new errors.TooSlow() as Coded
  if (isLockWait(error)) return new errors.DatabaseLocked() as Coded
  if (isOutage(error)) return new errors.DatabaseUnavailable() as Coded
  if (isAway(error)) return new errors.StorageUnavailable() as Coded
  return new errors.Internal(request.id) as Coded
}
