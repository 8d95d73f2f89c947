import { BlockList, isIP } from 'node:net'

// Not on the public internet: this host, private, shared, link-local, documentation, benchmarks, multicast, reserved.
const closed4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  '224.0.0.0/3'
]
// IPv6 by what is open: the forms that embed an IPv4 address are too many to list.
const open6 = ['2000::/3']
const closed6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']
// Where clouds answer every process of a machine with its credentials.
const metadata = ['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::254/128']

export function blockList(networks: string[]) {
  const list = new BlockList()
  for (const network of networks) {
    const [address, prefix] = network.split('/') as [string, string]
    list.addSubnet(address, Number(prefix), family(address))
  }
  return list
}

export function isIn(list: BlockList, address: string) {
  return list.check(address, family(address))
}

/** An IPv4 address inside an IPv6 one (`::ffff:a.b.c.d`) as that; without a zone. */
export function plainAddress(address: string) {
  const plain = address.replace(/%.*$/, '')
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1] ?? plain
}

const lists = { closed4: blockList(closed4), open6: blockList(open6), closed6: blockList(closed6) }
const metadataList = blockList(metadata)

export function isPublic(address: string) {
  if (isIP(address) === 4) return !isIn(lists.closed4, address)
  return isIP(address) === 6 && isIn(lists.open6, address) && !isIn(lists.closed6, address)
}

export function isMetadata(address: string) {
  return isIn(metadataList, address)
}

function family(address: string) {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

const loopback = blockList(['127.0.0.0/8', '::1/128'])

/** Whether a host, as in a URL or setting, is this machine. */
export function isLoopback(host: string) {
  const plain = host.replace(/^\[|\]$/g, '')
  if (isIP(plain)) return isIn(loopback, plain)
  return plain === 'localhost' || plain.endsWith('.localhost')
}
