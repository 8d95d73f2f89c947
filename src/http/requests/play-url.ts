import type { FastifyRequest } from 'fastify'

const play = /^(.*?\/play\/)([^./?#]*)[^/?#]*(?:\/([^/?#]*))?.*$/is

/** The URL of a request as logs may have it: who reads a link to a film could play it, so kid and film are left. */
export function urlWithoutToken({
  originalUrl,
  routeOptions
}: Pick<FastifyRequest, 'originalUrl' | 'routeOptions'>): string {
  // A path may be percent-encoded anywhere; the router has decoded it.
  const isPlay = routeOptions.url?.startsWith('/play/') || play.test(originalUrl)
  if (!isPlay) return originalUrl
  const [, start, kid, video] = play.exec(originalUrl) ?? []
  return start === undefined ? '/play/…' : `${start}${kid}…${video === undefined ? '' : `/${video}/…`}`
}
