import type {} from 'fastify'
import type { KeyLimits } from './limits.ts'
import type { Scope } from './scopes.ts'

/** Who acts: in a request, on the command line, in SQL, or Darkroom itself. Also the actor of a line of the audit. */
export interface Principal {
  kind: 'anonymous' | 'key' | 'session' | 'proxy' | 'sql' | 'cli' | 'system'
  /** The key's id, or that of its session; `proxy:<name>` of a person whom a proxy has signed in; null for others. */
  id: string | null
  name: string | null
  /** Null where there is no connection. */
  address: string | null
  scopes: readonly Scope[]
  /** Those of its key. */
  limits?: KeyLimits
  /** Written to what it creates, where its key is limited to that, or in its number. A rotated key has that of the old one. */
  owner?: string
  /** It sees and steers only what it has created. */
  ownOnly?: boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal
    /** Calls `end` once what has let the request in is no longer valid; returns a function that stops that. */
    untilRevoked(end: () => void): () => void
  }
}

/** What a row says of the principal that creates it: the name of its key or person, and its owner where the key is limited. */
export function marksOf(principal: Principal | undefined) {
  const { kind } = principal ?? {}
  const isNamed = kind === 'key' || kind === 'session' || kind === 'proxy'
  return {
    ...(isNamed && principal!.name !== null && { created_by: principal!.name }),
    ...(principal?.owner !== undefined && { owner: principal.owner })
  }
}

/** Whether it may see a row of this owner. */
export function maySee({ owner, ownOnly }: Principal, ofRow: string | null | undefined) {
  return ownOnly !== true || owner === ofRow
}

/** The owner whose rows alone it may see; undefined for all. */
export function sightOf({ owner, ownOnly }: Principal) {
  return ownOnly === true ? owner : undefined
}
