import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Principal } from '#access/principal.ts'
import { type Scope, scopes } from '#access/scopes.ts'

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal
  }
  interface FastifyContextConfig {
    /** What a principal needs for this route. */
    scope?: Scope | 'public'
  }
}

/**
 * Without keys every caller is anonymous and may do everything, and its address tells clients apart. A getter: few
 * requests ask for their caller, and the address costs each of them.
 */
export function identifyPrincipals(app: FastifyInstance) {
  app.decorateRequest('principal', {
    getter(this: FastifyRequest): Principal {
      return { kind: 'anonymous', id: null, name: null, address: this.ip, scopes }
    }
  } as never)
}

/** The key under which limits count. */
export function keyOf({ id, address }: Principal) {
  return id ?? address ?? ''
}
