import type { FastifyRequest } from 'fastify'
import { CrossSite } from '#errors.ts'

const safe = new Set(['GET', 'HEAD', 'OPTIONS'])
// Routes that answer with data. Other GETs are pages or parts of them, which other sites may link to.
const data = /^\/(?:api|metrics|ws|status|task-status)(?:[/?]|$)/

interface Origins {
  /** The origin of `PUBLIC_URL`, where it is set. */
  own: string | undefined
  allowed: ReadonlySet<string>
}

/**
 * Refuses requests that a page of another origin makes a browser send (CSRF): otherwise any page that the operator opens
 * can use a service on 127.0.0.1. Programs send neither `Origin` nor `Sec-Fetch-Site`, and pages cannot forge them.
 */
export function originCheck({ own, allowed }: Origins) {
  return (request: FastifyRequest) => {
    const { headers, method } = request.raw
    const { origin, 'sec-fetch-site': site } = headers
    if (origin === undefined && site === undefined) return

    const isCrossSite = site === 'cross-site'
    if (safe.has(method!) && headers.upgrade === undefined) {
      if (!isCrossSite || (origin !== undefined && isKnown(origin, headers.host!))) return
      // The matched route, because the raw path may be percent-encoded.
      if (data.test(request.routeOptions.url ?? request.url)) throw new CrossSite('of another site')
    } else if (origin === undefined ? isCrossSite : !isKnown(origin, headers.host!)) {
      throw new CrossSite(origin === undefined ? 'of another site' : `of the origin ${origin.slice(0, 255)}`)
    }
  }

  // `host` has checked the name by now. Behind a proxy that ends TLS, only PUBLIC_URL tells the scheme.
  function isKnown(origin: string, host: string) {
    return origin === own || allowed.has(origin) || origin === `http://${host}`
  }
}
