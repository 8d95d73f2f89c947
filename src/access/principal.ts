import type { Scope } from './scopes.ts'

/** Who acts: in a request, on the command line, in SQL, or Darkroom itself. Also the actor of a line of the audit. */
export interface Principal {
  kind: 'anonymous' | 'key' | 'session' | 'proxy' | 'sql' | 'cli' | 'system'
  /** The key's id, or that of its session; null for others. */
  id: string | null
  name: string | null
  /** Null where there is no connection. */
  address: string | null
  scopes: readonly Scope[]
}

export function may({ scopes }: Pick<Principal, 'scopes'>, scope: Scope) {
  return scopes.includes(scope) || scopes.includes('admin')
}
