import type { FastifyInstance } from 'fastify'

const jsonPolicy = "default-src 'none'; frame-ancestors 'none'"
const pagePolicy = "frame-ancestors 'self'"

/** On every answer, also on those to requests that Node's parser refuses before any hook runs. */
export const always = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin'
}

const names = Object.keys(always) as (keyof typeof always)[]

/** Security headers for browsers. A route's own headers win. */
export function addSecurityHeaders(app: FastifyInstance, publicUrl: string | undefined) {
  const isSecure = publicUrl?.startsWith('https:')

  app.addHook('onSend', (request, reply, _payload, done) => {
    for (const name of names) reply.header(name, always[name])
    reply.header('x-request-id', request.id)
    if (isSecure) reply.header('strict-transport-security', 'max-age=31536000')
    const type = reply.getHeader('content-type') as string | undefined
    if (type === undefined) return done()
    const isJson = type.includes('json')
    if (isJson && !reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
    const isPage = type.startsWith('text/html')
    if (isPage) reply.header('cross-origin-opener-policy', 'same-origin')
    if ((isJson || isPage) && !reply.hasHeader('content-security-policy')) {
      reply.header('content-security-policy', isJson ? jsonPolicy : pagePolicy)
    }
    done()
  })
}
