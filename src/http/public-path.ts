import type { FastifyInstance } from 'fastify'

/** Behind a proxy that strips the path of `PUBLIC_URL`, a `Location` has to have it. */
export function addPublicPath(app: FastifyInstance, publicUrl: string | undefined) {
  const prefix = publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/$/, '')
  if (prefix === '') return

  app.addHook('onSend', (_request, reply, _payload, done) => {
    const location = reply.getHeader('location')
    // Others are relative to the address of the request.
    if (typeof location === 'string' && location.startsWith('/')) reply.header('location', prefix + location)
    done()
  })
}
