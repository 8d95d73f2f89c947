import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import path from 'node:path'

const GiB = 1024 ** 3

/** Those of keys. */
const presetNames = ['viewer', 'submitter', 'operator', 'player', 'scraper', 'admin'] as const
type Preset = (typeof presetNames)[number]

/** Reads a value from its text, or throws a sentence that completes "PORT …". */
export type Parse<T> = (value: string) => T

export function listenHost(value: string) {
  if (isIP(value) || isHostName(value.toLowerCase())) return value
  throw new Error(`must be an address or a host name, such as 127.0.0.1, not "${value}"`)
}

export function label(value: string) {
  if (value.length > 40) throw new Error('must have at most 40 characters')
  return value
}

export function folder(value: string) {
  return path.resolve(value)
}

export function folderThatIs(value: string) {
  try {
    readdirSync(value)
    return path.resolve(value)
  } catch {
    throw new Error(`must be a folder that can be read, not "${value}"`)
  }
}

export function fileThatIs(value: string) {
  try {
    accessSync(value, constants.R_OK)
    if (statSync(value).isFile()) return path.resolve(value)
  } catch {}
  throw new Error(`must be a file that can be read, not "${value}"`)
}

/** A path, or the name of a program on PATH. */
export function program(value: string) {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(folder => folder !== '')
  const files = value.includes('/') ? [value] : folders.map(folder => path.join(folder, value))
  if (!files.some(isProgram)) throw new Error(`must be a program that can be run, not "${value}"`)
  return value
}

function isProgram(file: string) {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

export function integer(least: number, most: number): Parse<number> {
  return value => {
    const number = /^-?\d+$/.test(value) ? Number(value) : Number.NaN
    if (!(number >= least && number <= most)) {
      throw new Error(`must be a whole number from ${least} to ${most}, not "${value}"`)
    }
    return number
  }
}

export function seconds(least: number, most: number, unit = 'seconds'): Parse<number> {
  return value => {
    const number = /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN
    if (!(number >= least && number <= most)) {
      throw new Error(`must be a number of ${unit} from ${least} to ${most}, not "${value}"`)
    }
    return number
  }
}

export function bytes(value: string) {
  const match = /^(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|TiB)?$/i.exec(value)
  const unit = { b: 1, kib: 1024, mib: 1024 ** 2, gib: GiB, tib: 1024 * GiB }[(match?.[2] ?? 'B').toLowerCase()]
  const number = Math.floor(Number(match?.[1]) * (unit ?? Number.NaN))
  if (!(number >= 1 && number <= 1024 * GiB)) {
    throw new Error(`must be a number of bytes such as 1048576, 500 MiB or 10 GiB, not "${value}"`)
  }
  return number
}

export function names(value: string) {
  const list = listOf(value)
  const bad = list.find(name => !/^[\w.-]{1,100}$/.test(name))
  if (list.length === 0 || bad !== undefined) {
    throw new Error(`must be a comma list of queue names (letters, digits, "_", "-", "."), not "${value}"`)
  }
  return list
}

export function rungs(value: string) {
  const list = listOf(value)
  const known = ['480p', '720p', '1080p', '1440p', '2160p']
  if (list.length === 0 || !list.every(name => known.includes(name))) {
    throw new Error(`must be a comma list of ${known.join(', ')}, not "${value}"`)
  }
  return list
}

function listOf(value: string) {
  return [...new Set(value.split(',').map(each => each.trim()))].filter(each => each !== '')
}

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

export function timezone(value: string) {
  // Loading the list of time zones takes 15 ms, a third of a child's start.
  if (value === 'UTC') return value
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone && value
  } catch {
    throw new Error(`must be a time zone such as UTC or Europe/Berlin, not "${value}"`)
  }
}

export function oneOf<const T extends string>(...values: T[]): Parse<T> {
  return value => {
    const found = values.find(each => each === value.toLowerCase())
    if (!found) throw new Error(`must be one of ${values.join(', ')}, not "${value}"`)
    return found
  }
}

/** Those beside H.264, in one order: sets of prints of the same codecs are the same. */
export function codecs(value: string) {
  const list = listOf(value.toLowerCase())
  const known = ['hevc', 'vp9', 'av1'] as const
  if (list.length === 0 || !list.every(name => name === 'h264' || known.some(each => each === name))) {
    throw new Error(`must be a comma list of h264, ${known.join(', ')}, not "${value}"`)
  }
  return known.filter(name => list.includes(name))
}

/** One of a proxy's own: those that mean something to HTTP or to Darkroom name no person. */
export function proxyHeader(value: string) {
  const taken =
    /^(?:authorization|cookie|host|origin|connection|content-.*|sec-.*|x-forwarded-(?:for|proto|host)|darkroom-.*)$/i
  if (!/^[a-z][a-z\d-]{0,63}$/i.test(value) || taken.test(value)) {
    throw new Error(`must be the name of a header such as Remote-User, not "${value}"`)
  }
  return value
}

export function longSecret(value: string) {
  // Not repeated.
  if (!/^[\x21-\x7e]{32,512}$/.test(value)) throw new Error('must be 32 to 512 visible ASCII characters')
  return value
}

/** Presets by the name of a person. */
export function roles(value: string): ReadonlyMap<string, Preset> {
  const entries = listOf(value).map(entry => /^(.{1,100}?)\s*=\s*(\w+)$/.exec(entry)?.slice(1) ?? [])
  if (entries.length === 0 || !entries.every(([, role]) => presetNames.includes(role as Preset))) {
    throw new Error(`must be a comma list such as anna=admin,*=viewer of ${presetNames.join(', ')}, not "${value}"`)
  }
  return new Map(entries as [string, Preset][])
}
