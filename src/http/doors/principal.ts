import type { FastifyInstance, FastifyRequest } from 'fastify'

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

/** A getter: few requests ask for their caller, and the address costs each of them. */
export function identifyPrincipals(app: FastifyInstance) {
  app.decorateRequest('principal', {
    getter(this: FastifyRequest): Principal {
      return { kind: 'anonymous', id: null, name: null, address: this.ip }
    }
  } as never)
}

/** The key under which limits count. */
export function keyOf({ id, address }: Principal) {
  return id ?? address
}
