import type { IncomingHttpHeaders } from 'node:http'
import { isPublic, plainAddress } from '#outbound/addresses.ts'

const usual = ['x-forwarded-for', 'x-real-ip', 'cf-connecting-ip'] as const
const element = /(?:^|[,;\s])for\s*=\s*("[^"]*"|[^,;\s]*)/gi

/**
 * The public address for which a proxy says that it sends a request; undefined for requests of this machine and its
 * private networks. Any of the addresses counts: a client can add some, and no proxy removes its own.
 */
export function publicClientIn(headers: IncomingHttpHeaders): string | undefined {
  for (const name of usual) {
    const said = headers[name]
    const found = said === undefined ? undefined : String(said).split(',').map(addressIn).find(isPublic)
    if (found !== undefined) return found
  }
  if (headers.forwarded === undefined) return undefined
  return [...headers.forwarded.matchAll(element)].map(([, said]) => addressIn(said!)).find(isPublic)
}

/** Without quotes, brackets and port. */
function addressIn(said: string) {
  const text = said.trim().replace(/^"|"$/g, '')
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|(\d+(?:\.\d+){3}))(?::\d+)?$/.exec(text) ?? []
  return plainAddress(bracketed ?? plain ?? text)
}
