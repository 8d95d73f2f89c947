import type { FastifyInstance, FastifyRequest } from 'fastify'
import { RouteNotFound } from '#errors.ts'
import { loggedUrl } from '../../requests/logged-url.ts'
import { urlWithoutToken } from '../../requests/play-url.ts'
import { nameIn } from './host.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Where films have a host of their own (MEDIA_URL): `media` answers there alone, `both` there, too. */
    host?: 'media' | 'both'
  }
  interface FastifyRequest {
    /** It came to the host of MEDIA_URL. */
    isOnMediaHost: boolean
  }
}

/**
 * Films on a host of their own: whatever a film may be, it cannot use the origin of the API, its cookies and its dashboard.
 * Returns the check, which comes after that of the Host header.
 */
export function mediaHostCheck(app: FastifyInstance, mediaUrl: string | undefined) {
  app.decorateRequest('isOnMediaHost', false)
  if (mediaUrl === undefined) return () => {}
  const { hostname } = new URL(mediaUrl)

  return (request: FastifyRequest) => {
    const { host = 'api' } = request.routeOptions.config as { host?: 'media' | 'both' }
    request.isOnMediaHost = nameIn(request.raw.headers.host ?? '') === hostname
    if (host === 'both' || (host === 'media') === request.isOnMediaHost) return
    throw new RouteNotFound(request.method, loggedUrl(urlWithoutToken(request).split('?')[0]!))
  }
}
