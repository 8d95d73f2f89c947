import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { HostNotAllowed, InvalidRequest } from '#errors.ts'

const wellFormed = /^(?:\[([\da-f:.]+)\]|([^\s@:[\]/?#\\,]+))(?::\d{0,5})?$/i
const absolute = /^https?:\/\/([^/?#]*)/i
// Valid Host headers that are cached: more than a service has names. Others are parsed each time.
const mostRemembered = 100

/**
 * Refuses requests with a foreign host name, against DNS rebinding: a page that points its own name at this machine sends
 * that name. An IP address cannot be rebound, and health checks use one. `X-Forwarded-Host` is never read.
 */
export function hostCheck(named: Iterable<string>) {
  const names = new Set(['localhost', ...named])
  const remembered = new Set<string>()

  return ({ rawHeaders, headers, url = '' }: Pick<IncomingMessage, 'rawHeaders' | 'headers' | 'url'>) => {
    const { host = '' } = headers
    // Counted in the raw headers, since Node drops all but the first.
    if (countHosts(rawHeaders) !== 1) throw new InvalidRequest('A request must have exactly one Host header')
    if (!remembered.has(host)) {
      const name = nameIn(host)
      if (name === undefined)
        throw new InvalidRequest('The Host header must be a host name or address, with or without port')
      if (!isOurs(name)) throw new HostNotAllowed(name.slice(0, 255))
      if (remembered.size < mostRemembered) remembered.add(host)
    }
    // The router ignores the host of an absolute URL.
    if (url[0] !== '/' && url !== '*' && absolute.exec(url)?.[1]?.toLowerCase() !== host.toLowerCase()) {
      throw new InvalidRequest('The URL of the request must be a path, or name the same host as the Host header')
    }
  }

  function isOurs(name: string) {
    return names.has(name) || name.endsWith('.localhost') || isIP(name) !== 0
  }
}

function countHosts(rawHeaders: string[]) {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    if (name.length === 4 && name.toLowerCase() === 'host') count++
  }
  return count
}

/** The name in lower case, without port and final dot; undefined for a malformed header. */
export function nameIn(host: string) {
  const [, address, name] = wellFormed.exec(host) ?? []
  if (address !== undefined) return isIP(address) === 6 ? address : undefined
  return name?.toLowerCase().replace(/(?<=.)\.$/, '')
}
