import { isIP } from 'node:net'
import { blockList, isIn } from './addresses.ts'

/** Private places that an operator has opened: networks, and a host with a port. */
export interface Places {
  networks: string[]
  /** `host:port`, in lower case; IPv6 addresses in brackets. */
  hosts: string[]
}

/** One entry: `10.1.0.0/16`, `10.1.2.3`, `fd12::/48`, `mattermost:8065`, `[::1]:9000`. Undefined where it is neither. */
export function placeOf(entry: string): { network: string } | { host: string } | undefined {
  const [, address = '', prefix] = /^([^/]+?)(?:\/(\d{1,3}))?$/.exec(entry) ?? []
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
  if (bits > 0 && !address.includes('%')) {
    return Number(prefix ?? bits) <= bits ? { network: `${address}/${prefix ?? bits}` } : undefined
  }
  const [, host, port] = /^(\[[\da-f:.]+\]|[a-z\d_](?:[\w.-]{0,251}[a-z\d_])?):(\d{1,5})$/i.exec(entry) ?? []
  if (!host || Number(port) < 1 || Number(port) > 65_535) return undefined
  const url = URL.parse(`http://${host}`)
  return url ? { host: `${url.hostname}:${Number(port)}` } : undefined
}

export function openedPlaces({ networks, hosts }: Places) {
  const list = blockList(networks)
  return {
    anyNetwork: networks.length > 0,
    hasAddress: (address: string) => isIn(list, address),
    hasHost: (host: string, port: number) => hosts.includes(`${host}:${port}`)
  }
}
