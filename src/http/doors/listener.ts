import { createServer, type RequestListener, type ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import { isForWatchers } from '#watch/upgrade.ts'
import { answerClientError } from '../errors/client-error.ts'
import type { Limits } from './limits.ts'

// A socket on which nothing moves for so long is given up.
const longestSilence = 120_000
// Longer than a proxy keeps its connections to us, so that it never sends a request into one that is being closed.
const keepAliveTimeout = 65_000

/**
 * What listens: one server, or two where HOST is `localhost` and that has two addresses. Connections beyond the limits
 * are closed without an answer, since an answer is what an attacker would make us work for.
 */
export function listener({ connections, connectionsOfAddress, headersTime, interval }: Limits) {
  const ofAddress = new Map<string, number>()
  const sockets = new Set<Socket>()
  const options: ServerOptions = {
    headersTimeout: headersTime,
    connectionsCheckingInterval: interval * 5,
    keepAliveTimeout,
    // Both are ours to say: bodies have limits of their own, and a missing Host is answered with a problem.
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
    if (open > connectionsOfAddress) socket.destroy()
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
