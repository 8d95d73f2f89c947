import { isIP } from 'node:net'
import { listOf } from './values.ts'

/** Places that are open besides the public internet. */
export interface Places {
  /** With their prefix: `10.1.0.0/16`. */
  networks: string[]
  /** `host:port`; IPv6 addresses in brackets. */
  hosts: string[]
}

export function places(value: string): Places {
  const entries = listOf(value.toLowerCase())
  const networks = entries.map(networkIn).filter(network => network !== undefined)
  const hosts = entries.map(hostWithPortIn).filter(host => host !== undefined)
  if (entries.length === 0 || networks.length + hosts.length < entries.length) {
    throw new Error(`must be a comma list of networks such as 10.1.0.0/16 and of host:port, not "${value}"`)
  }
  return { networks, hosts }
}

function networkIn(entry: string) {
  const [, address = '', prefix] = /^([\d.:a-f]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? []
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)]!
  return bits > 0 && Number(prefix ?? bits) <= bits ? `${address}/${prefix ?? bits}` : undefined
}

export function networks(value: string) {
  const entries = listOf(value.toLowerCase())
  const found = entries.map(networkIn).filter(network => network !== undefined)
  if (entries.length === 0 || found.length < entries.length) {
    throw new Error(`must be a comma list of addresses and networks such as 10.1.0.0/16, not "${value}"`)
  }
  return found
}

/** As a URL has it. */
function hostWithPortIn(entry: string) {
  const [, host, port] = /^(\[[\da-f:.]+\]|[\w.-]+):(\d{1,5})$/.exec(entry) ?? []
  const url = host && Number(port) >= 1 && Number(port) <= 65_535 ? URL.parse(`http://${host}`) : undefined
  return url ? `${url.hostname}:${Number(port)}` : undefined
}

export function hosts(value: string) {
  const list = [...new Set(listOf(value.toLowerCase()).map(host => host.replace(/\.$/, '')))]
  if (list.length === 0 || !list.every(isHostName)) {
    throw new Error(`must be a comma list of host names such as films.example, without scheme or port, not "${value}"`)
  }
  return list
}

function isHostName(text: string) {
  return /^[a-z\d_]([\w.-]{0,251}[a-z\d_])?$/.test(text)
}

export function origins(value: string) {
  const list = listOf(value)
  if (list.includes('*')) throw new Error('must name each origin: "*" would let every page on the web use the API')
  const found = list
    .map(webUrl)
    .filter(url => url?.pathname === '/' && isHostName(url.hostname.replace(/^\[.*\]$/, 'x')))
  if (list.length === 0 || found.length < list.length) {
    throw new Error(
      `must be a comma list of origins such as https://app.example or http://localhost:4200, not "${value}"`
    )
  }
  return [...new Set(found.map(url => url!.origin))]
}

export function publicUrl(value: string) {
  const url = webUrl(value)
  // The value may hold a password: it is not repeated.
  if (!url) throw new Error('must be a URL such as https://films.example or https://example.com/films')
  return url.href.replace(/\/$/, '')
}

export function proxyUrl(value: string) {
  const url = URL.parse(value)
  // Not repeated: it may hold a password.
  if (url?.protocol !== 'http:' || url.pathname !== '/' || url.search || url.hash) {
    throw new Error('must be a URL such as http://smokescreen:4750 or http://user:password@proxy:3128')
  }
  return value
}

/** A collector's address: the exporters append `/v1/traces` and `/v1/metrics`. */
export function collectorUrl(value: string) {
  const url = webUrl(value)
  // The value may hold a password: it is not repeated.
  if (!url) throw new Error('must be a URL such as http://collector:4318')
  return url.href.replace(/\/$/, '')
}

/** With nothing but scheme, host, port and path. */
function webUrl(value: string) {
  const url = URL.parse(value)
  if (!url || !/^https?:$/.test(url.protocol)) return undefined
  return url.username || url.password || url.search || url.hash ? undefined : url
}

export function postgresUrl(value: string) {
  if (!/^postgres(ql)?:\/\//.test(value) || !URL.canParse(value)) {
    // Not repeated: it may hold a password.
    throw new Error('must be a URL such as postgres://user:password@host:5432/database')
  }
  return value
}
