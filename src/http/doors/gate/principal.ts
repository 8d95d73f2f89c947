import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '#access/principal.ts'
import { scopes } from '#access/scopes.ts'
import type { Token } from '#access/token.ts'
import { type Holder, principalOf } from '#keys/holder.ts'
import type { Keyring } from '#keys/keyring.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The key, or session of one, that the gate has let in; undefined for requests without one. */
    holder: Holder | undefined
    /** The holder of a key that the body has, checked as one of the header would be. */
    signIn(token: Token | undefined, reply: FastifyReply): Promise<Holder>
  }
}

/**
 * Who sends a request; the gate fills it in. Without a key a caller is anonymous, and may do everything or nothing. A
 * getter: few requests ask for their caller, and the address costs each of them.
 */
export function identifyPrincipals(app: FastifyInstance, keyring: Pick<Keyring, 'isOpen' | 'hold'>) {
  app.decorateRequest('holder', undefined)
  app.decorateRequest('principal', {
    getter(this: FastifyRequest): Principal {
      if (this.holder) return principalOf(this.holder, this.ip)
      return { kind: 'anonymous', id: null, name: null, address: this.ip, scopes: keyring.isOpen() ? scopes : [] }
    }
  } as never)
  app.decorateRequest('untilRevoked', function untilRevoked(this: FastifyRequest, end: () => void) {
    return keyring.hold(this.holder, end)
  })
}

/** The key under which limits count. */
export function keyOf({ id, address }: Principal) {
  return id ?? address ?? ''
}
