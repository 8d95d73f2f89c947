import type { FastifyInstance } from 'fastify'

/** Who asks. As long as there are no keys every request is anonymous, and its address tells one client from another. */
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

/** Registered before every other hook, so that each of them knows who asks. */
export function identifyPrincipals(app: FastifyInstance) {
  app.decorateRequest('principal', null as unknown as Principal)
  app.addHook('onRequest', (request, _reply, done) => {
    request.principal = { kind: 'anonymous', id: null, name: null, address: request.ip }
    done()
  })
}

/** What limits count by. */
export function keyOf({ id, address }: Principal) {
  return id ?? address
}
