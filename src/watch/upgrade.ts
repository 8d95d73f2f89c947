import type { IncomingMessage } from 'node:http'

const watched = /^\/ws\/tasks(?:\/[^/?]*)?\/?(?:\?|$)/

/**
 * Which requests become WebSockets. All others are answered as ordinary requests: clients that offer HTTP/2 by
 * `Upgrade: h2c` (Java's, curl --http2) mean one, and its body would be lost in an upgrade.
 */
export function isForWatchers({ method, url = '', headers }: IncomingMessage) {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && watched.test(url)
}
