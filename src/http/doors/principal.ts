import type { FastifyInstance } from 'fastify'

/** The caller of a request. Without keys every caller is anonymous, and its address tells clients apart. */
export interface Principal {
  kind: 'anonymous'
  id: null
  name: null
  address: string
}

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal
  }
}

/** Registered before every other hook, so that each of them can use the principal. */
export function identifyPrincipals(app: FastifyInstance) {
  app.decorateRequest('principal', null as unknown as Principal)
  app.addHook('onRequest', (request, _reply, done) => {
    request.principal = { kind: 'anonymous', id: null, name: null, address: request.ip }
    done()
  })
}

/** The key under which limits count. */
export function keyOf({ id, address }: Principal) {
  return id ?? address
}
