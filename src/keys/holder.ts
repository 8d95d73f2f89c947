import { BlockList, isIPv6 } from 'node:net'
import type { KeyLimits } from '#access/limits.ts'
import type { Principal } from '#access/principal.ts'
import { mayUse, type Scope } from '#access/scopes.ts'
import type { KeyRow } from './queries.ts'

/** A key, a session of it, or a person whom the proxy in front has signed in, that has opened the door. */
export interface Holder {
  kind: 'key' | 'session' | 'proxy'
  /** Of the key. */
  id: string
  session: string | undefined
  name: string
  scopes: readonly Scope[]
  limits: KeyLimits
  owner: string | undefined
  ownOnly: boolean
  networks: BlockList | undefined
}

export function holderOf(key: KeyRow, session: string | undefined): Holder {
  const { id, name, family, scopes, limits } = key
  const ownOnly = limits.own === true || !mayUse(scopes, 'read')
  return {
    kind: session === undefined ? 'key' : 'session',
    ...{ id, session, name, scopes, limits, ownOnly },
    owner: ownOnly || limits.max_pending !== undefined ? family : undefined,
    networks: limits.networks && networksOf(limits.networks)
  }
}

export function principalOf(holder: Holder, address: string): Principal {
  const { kind, id, name, scopes, limits, owner, ownOnly } = holder
  return { kind, id, name, address, scopes, limits, ownOnly, ...(owner !== undefined && { owner }) }
}

/** Of checked texts such as `10.1.0.0/16`. */
export function networksOf(texts: readonly string[]) {
  const list = new BlockList()
  for (const text of texts) {
    const [address = '', bits] = text.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    list.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family)
  }
  return list
}

/** An IPv4 client of an IPv6 socket is `::ffff:10.1.2.3`, which BlockList takes for what it is. */
export function isIn(list: BlockList, address: string) {
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
