import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { HostNotAllowed, InvalidRequest } from '#errors.ts'

const wellFormed = /^(?:\[([\da-f:.]+)\]|([^\s@:[\]/?#\\,]+))(?::\d{0,5})?$/i
const absolute = /^https?:\/\/([^/?#]*)/i
// Enough for every name that a service has; a client that makes up more pays for the look itself.
const mostRemembered = 100

/**
 * Refuses requests that do not come by a name of this service: a page whose name was pointed at this machine (DNS
 * rebinding) sends its own. IP literals need no DNS, and health checks use them. `X-Forwarded-Host` is never read.
 */
export function hostCheck(named: Iterable<string>) {
  const names = new Set(['localhost', ...named])
  const remembered = new Set<string>()

  return ({ rawHeaders, headers, url = '' }: Pick<IncomingMessage, 'rawHeaders' | 'headers' | 'url'>) => {
    const { host = '' } = headers
    // Node keeps the first of several.
    if (countHosts(rawHeaders) !== 1) throw new InvalidRequest('A request must have exactly one Host header')
    if (!remembered.has(host)) {
      const name = nameIn(host)
      if (name === undefined)
        throw new InvalidRequest('The Host header must be a host name or address, with or without port')
      if (!isOurs(name)) throw new HostNotAllowed(name.slice(0, 255))
      if (remembered.size < mostRemembered) remembered.add(host)
    }
    // The router goes by the path of an absolute URL and passes over its host.
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

/** In lower case, without port and without the dot that ends a full name; undefined where it is no host at all. */
function nameIn(host: string) {
  const [, address, name] = wellFormed.exec(host) ?? []
  if (address !== undefined) return isIP(address) === 6 ? address : undefined
  return name?.toLowerCase().replace(/(?<=.)\.$/, '')
}
