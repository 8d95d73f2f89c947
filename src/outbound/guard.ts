import { type LookupAddress, lookup as resolveName } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Places } from '#config/addresses.ts'
import { isMetadata, isPublic, plainAddress } from './addresses.ts'
import { openedPlaces } from './places.ts'

/** The address is none that this service may be sent to. Final, and without the address: it would map the network. */
export class Refused extends Error {
  override name = 'Refused'
  override message = 'the address is not allowed'
}

type Resolve = (
  host: string,
  options: { all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void
) => void

interface GuardOptions {
  open?: Places
  /** URL of the database. */
  database: string
  /** Port of the API. */
  port: number
  resolve?: Resolve
}

const localNames = /(^|\.)(localhost|local|internal|home\.arpa)$/
const longestHost = 253

/**
 * Decides where requests of ours to addresses of clients may go: the public internet, and what the operator has opened.
 * A name is resolved once for each request, all of its addresses are checked, and the connection gets just those: a
 * second resolution could answer another address.
 */
export function guardOf({ resolve = resolveName, ...places }: GuardOptions) {
  const { problemOf, isAllowed, isName } = rulesOf(places)

  /** For a request to this URL. Node asks it for names only, so `problemOf` comes first. */
  function lookup(url: URL): LookupFunction {
    return (host, options, done) => {
      resolve(host, { all: true }, (error, addresses) => {
        if (error) return done(error, [])
        const fine = addresses.length > 0 && addresses.every(({ address }) => isAllowed(address, url))
        if (!fine) return done(new Refused(), [])
        if (options.all) return done(null, addresses)
        done(null, addresses[0]!.address, addresses[0]!.family)
      })
    }
  }

  return {
    problemOf,
    isAllowed,
    lookup,
    /** Whether a name leads elsewhere than it may now; a name without an address may get one later. */
    async isRefused(text: string): Promise<boolean> {
      const url = new URL(text)
      if (!isName(url)) return false
      return new Promise(answer => {
        const late = setTimeout(answer, longestLook, false)
        lookup(url)(url.hostname, { all: true }, error => {
          clearTimeout(late)
          answer(error instanceof Refused)
        })
      })
    }
  }
}

/** What may be named, and which addresses a name may lead to. */
function rulesOf({ open = { networks: [], hosts: [] }, database, port }: Omit<GuardOptions, 'resolve'>) {
  const opened = openedPlaces(open)
  const { hostname, port: databasePort } = new URL(database)
  const databaseHost = plainAddress(hostname.replace(/^\[|\]$/g, ''))
  const ownPorts = [Number(databasePort || 5432), ...(port > 0 ? [port] : [])]

  /** What is wrong with a URL, as far as it can be told without a look-up; completes "url …". */
  function problemOf(text: string): string | undefined {
    const url = URL.parse(text)
    if (!url || !/^https?:$/.test(url.protocol)) return 'must be a URL that begins with https://'
    if (url.username || url.password) return 'must not have a user name or password'
    const { host, port, isOpened } = targetOf(url)
    if (host.length > longestHost) return 'must have a host name of at most 253 characters'
    if (isOpened) return isIP(host) && isMetadata(host) ? closed : undefined
    if (ownPorts.includes(port)) return 'must not name a port of Darkroom or of its database'
    if (!isUsual(port, url)) return 'must have the port 443, 8443 or one from 1024 on'
    if (isIP(host)) return isAllowed(host, url) ? undefined : closed
    if (url.protocol === 'http:' && !opened.anyNetwork) return 'must begin with https://'
    if (isLocalName(host) && !opened.anyNetwork) return closed
    return host === databaseHost ? closed : undefined
  }

  function isAllowed(given: string, url: URL) {
    const address = plainAddress(given)
    if (!isIP(address) || isMetadata(address)) return false
    const { host, isOpened } = targetOf(url)
    if (isOpened || opened.hasAddress(address)) return true
    if (url.protocol === 'http:' || (!isIP(host) && isLocalName(host))) return false
    return isPublic(address) && address !== databaseHost && !ownAddresses().includes(address)
  }

  function targetOf(url: URL) {
    const host = plainAddress(dottedMapped(url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')))
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
    return { host, port, isOpened: opened.hasHost(url.hostname.replace(/\.$/, ''), port) }
  }

  return { problemOf, isAllowed, isName: (url: URL) => !isIP(targetOf(url).host) }
}

export type Guard = ReturnType<typeof guardOf>

const closed =
  'must lead to a public address: private, local and metadata addresses are refused; WEBHOOK_ALLOW_NETWORKS opens places'
// Milliseconds.
const longestLook = 2_000

function isUsual(port: number, { protocol }: URL) {
  return port === 443 || port >= 1024 || (port === 80 && protocol === 'http:')
}

function isLocalName(host: string) {
  return !host.includes('.') || localNames.test(host)
}

/** `URL` writes an IPv4 address inside an IPv6 one in hexadecimal. */
function dottedMapped(host: string) {
  const [, high, low] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(host) ?? []
  if (high === undefined || low === undefined) return host
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return [a >> 8, a & 255, b >> 8, b & 255].join('.')
}

function ownAddresses() {
  return Object.values(networkInterfaces()).flatMap(each => (each ?? []).map(({ address }) => plainAddress(address)))
}
