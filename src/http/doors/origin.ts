import type { FastifyRequest } from 'fastify'
import { CrossSite } from '#errors.ts'

const safe = new Set(['GET', 'HEAD', 'OPTIONS'])
// Where answers are data. Everything else that can be read is a page or a part of one, and may be linked to.
const data = /^\/(?:api|metrics|ws|status|task-status)(?:[/?]|$)/

interface Origins {
  /** The origin of `PUBLIC_URL`, where it is set. */
  own: string | undefined
  allowed: ReadonlySet<string>
}

/**
 * Refuses what a page of another origin makes a browser send: without this, any page that the operator opens can drive
 * a service on 127.0.0.1. Programs send neither `Origin` nor `Sec-Fetch-Site`, which pages cannot forge.
 */
export function originCheck({ own, allowed }: Origins) {
  return (request: FastifyRequest) => {
    const { headers, method } = request.raw
    const { origin, 'sec-fetch-site': site } = headers
    if (origin === undefined && site === undefined) return

    const isCrossSite = site === 'cross-site'
    if (safe.has(method!) && headers.upgrade === undefined) {
      if (!isCrossSite || (origin !== undefined && isKnown(origin, headers.host!))) return
      // The router decodes the path, so the route is what counts.
      if (data.test(request.routeOptions.url ?? request.url)) throw new CrossSite('of another site')
    } else if (origin === undefined ? isCrossSite : !isKnown(origin, headers.host!)) {
      throw new CrossSite(origin === undefined ? 'of another site' : `of the origin ${origin.slice(0, 255)}`)
    }
  }

  // The Host is one of ours by now. TLS ends at a proxy, and only PUBLIC_URL says that there is one.
  function isKnown(origin: string, host: string) {
    return origin === own || allowed.has(origin) || origin === `http://${host}`
  }
}
