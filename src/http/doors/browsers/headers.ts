import type { FastifyInstance } from 'fastify'

const jsonPolicy = "default-src 'none'; frame-ancestors 'none'"
const pagePolicy = "frame-ancestors 'self'"

/** On every answer, also on those to requests that Node's parser refuses before any hook runs. */
export const always = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin'
}

// One object for each type of answer: setting header by header costs each answer.
const ofJson = { ...always, 'content-security-policy': jsonPolicy }

/** Security headers for browsers. A route's own headers win. */
export function addSecurityHeaders(app: FastifyInstance, publicUrl: string | undefined) {
  const isSecure = publicUrl?.startsWith('https:')

  app.addHook('onSend', (request, reply, _payload, done) => {
    reply.header('x-request-id', request.id)
    if (isSecure) reply.header('strict-transport-security', 'max-age=31536000')
    const type = reply.getHeader('content-type') as string | undefined
    if (type?.includes('json')) {
      if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
      reply.headers(reply.hasHeader('content-security-policy') ? always : ofJson)
      return done()
    }
    reply.headers(always)
    if (type?.startsWith('text/html')) {
      reply.header('cross-origin-opener-policy', 'same-origin')
      if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', pagePolicy)
    }
    done()
  })
}
