import { createServer, type RequestListener, type ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import { isIn, networksOf } from '#keys/holder.ts'
import { isForWatchers } from '#watch/sockets/upgrade.ts'
import { answerClientError } from '../../errors/client-error.ts'
import type { Limits } from './limits.ts'

// Milliseconds after which an idle socket is closed.
const longestSilence = 120_000
// Milliseconds; longer than proxies keep idle connections (60 s), so that no request meets a closing one.
const keepAliveTimeout = 65_000

/**
 * Makes the HTTP servers: one, or two where `localhost` has two addresses. Connections beyond the limits are closed
 * without an answer, since answering would be work that an attacker can cause.
 */
export function listener(
  { connections, connectionsOfAddress, headersTime, interval }: Limits,
  trustedProxies: readonly string[] = []
) {
  const proxies = networksOf(trustedProxies)
  const ofAddress = new Map<string, number>()
  const sockets = new Set<Socket>()
  const options: ServerOptions = {
    headersTimeout: headersTime,
    connectionsCheckingInterval: interval * 5,
    keepAliveTimeout,
    // The hooks do both: `arrivals` limits bodies, and `host` answers a missing Host with a problem.
    requestTimeout: 0,
    requireHostHeader: false,
    shouldUpgradeCallback: isForWatchers
  }

  function count(socket: Socket) {
    const address = socket.remoteAddress
    if (address === undefined) return socket.destroy()
    const open = (ofAddress.get(address) ?? 0) + 1
    ofAddress.set(address, open)
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      const left = ofAddress.get(address)! - 1
      if (left > 0) ofAddress.set(address, left)
      else ofAddress.delete(address)
    })
    // All clients behind a proxy have its address.
    if (open > connectionsOfAddress && !isIn(proxies, address)) socket.destroy()
  }

  function create(handler: RequestListener) {
    const server = createServer(options, handler)
    server.maxConnections = connections
    server.setTimeout(longestSilence)
    server.on('connection', count)
    server.on('clientError', answerClientError)
    return server
  }

  return { create, sockets }
}
