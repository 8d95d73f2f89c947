import type { IncomingMessage } from 'node:http'

const watched = /^\/ws\/(?:tasks(?:\/[^/?]*)?|live)\/?(?:\?|$)/

/**
 * True for upgrades to a WebSocket. Other requests get an ordinary answer: clients that offer HTTP/2 by `Upgrade: h2c`
 * (Java's, curl --http2) expect one, and an upgrade would lose their body.
 */
export function isForWatchers({ method, url = '', headers }: IncomingMessage) {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && watched.test(url)
}
