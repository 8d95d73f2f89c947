import type { FastifyReply, FastifyRequest } from 'fastify'

const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const tus = 'Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Defer-Length, Upload-Checksum'
const abilities = 'Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm'
const sent = `Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Request-Id, X-HTTP-Method-Override, ${tus}`
const readable = `Location, Retry-After, X-Request-Id, Idempotency-Replayed, ETag, Content-Range, Upload-Expires, ${tus}, ${abilities}`

/**
 * Lets pages of the listed origins read answers, without credentials; without listed origins there is no CORS. Returns
 * whether the request was a preflight that is answered.
 */
export function corsAnswer(allowed: ReadonlySet<string>) {
  return ({ raw }: FastifyRequest, reply: FastifyReply): boolean => {
    // A cache must not serve the answer for one origin to another.
    reply.header('vary', 'Origin')
    const { origin } = raw.headers
    if (origin === undefined || !allowed.has(origin)) return false

    reply.header('access-control-allow-origin', origin)
    if (raw.method !== 'OPTIONS' || raw.headers['access-control-request-method'] === undefined) {
      reply.header('access-control-expose-headers', readable)
      return false
    }
    reply
      .code(204)
      .headers({
        'access-control-allow-methods': methods,
        'access-control-allow-headers': sent,
        'access-control-max-age': '600'
      })
      .send()
    return true
  }
}
