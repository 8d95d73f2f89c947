import type { Places } from '#config/addresses.ts'
import { blockList, isIn } from './addresses.ts'

/** Private places that an operator has opened: networks, and a host with a port. */
export function openedPlaces({ networks, hosts }: Places) {
  const list = blockList(networks)
  return {
    anyNetwork: networks.length > 0,
    hasAddress: (address: string) => isIn(list, address),
    hasHost: (host: string, port: number) => hosts.includes(`${host}:${port}`)
  }
}
