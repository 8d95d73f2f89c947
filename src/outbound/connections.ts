import { buildConnector, Client } from 'undici'
import { type Guard, Refused } from './guard.ts'
import { openTunnel } from './proxy.ts'
import { type Target, targetsOf } from './targets.ts'

interface KeepOptions {
  guard: Guard
  proxy?: URL | undefined
  /** Milliseconds. */
  oldest?: number
}

/** A connection for one request at a time. */
export interface Connection {
  readonly client: Client
  /** Whether a request may go without a new look-up, since one has gone before. */
  isOpen: boolean
  /** IP address of its other end; null of a proxy. */
  address: string | null
  /** When it was opened. */
  since: number
}

// Milliseconds. The address of a connection is checked when it is opened. What a name leads to, and what is refused, is
// looked at again after the sum of both at the latest.
const usualOldest = 25_000
const idle = 5_000
const patience = 15_000

/**
 * Connections that are kept for the next request to the same host and port: a new one costs more than the request. Each
 * is a Client of undici, which takes half the CPU of Node's own. Not its Pool: that does not tell which address has
 * answered, nor whether a connection was used before.
 */
export function keepConnections({ guard, proxy, oldest = usualOldest }: KeepOptions) {
  const waiting = new Map<string, Connection[]>()
  const inUse = new Set<Connection>()

  function open({ url, origin }: Target): Connection {
    const connect = connectorFor(url, { guard, proxy }, address => {
      Object.assign(connection, { isOpen: true, address, since: performance.now() })
    })
    const client = clientOf(origin, connect)
    const connection: Connection = { client, isOpen: false, address: null, since: 0 }
    client.on('disconnect', () => {
      connection.isOpen = false
      if (!inUse.has(connection)) drop(connection)
    })
    inUse.add(connection)
    return connection
  }

  function drop(connection: Connection) {
    inUse.delete(connection)
    removeFrom(waiting, connection)
    void connection.client.destroy()
  }

  const isYoung = (connection: Connection) => performance.now() - connection.since < oldest

  return {
    proxy,
    /** Throws where the guard refuses a URL. */
    targetOf: targetsOf(guard, proxy),
    open,
    /** One that was kept, or a new one. */
    take(target: Target): Connection {
      const list = waiting.get(target.origin)
      for (let kept = list?.pop(); kept; kept = list?.pop()) {
        inUse.add(kept)
        if (isYoung(kept)) return kept
        drop(kept)
      }
      return open(target)
    },
    /** After a request whose answer is complete. */
    keep(connection: Connection, { origin }: Target) {
      if (!connection.isOpen || !isYoung(connection)) return drop(connection)
      inUse.delete(connection)
      const list = waiting.get(origin)
      if (list) list.push(connection)
      else waiting.set(origin, [connection])
    },
    /** Closes it; a request of it fails. */
    drop,
    close() {
      for (const connection of [...inUse, ...[...waiting.values()].flat()]) drop(connection)
    }
  }
}

export type Connections = ReturnType<typeof keepConnections>

function clientOf(origin: string, connect: buildConnector.connector) {
  return new Client(origin, {
    connect,
    keepAliveTimeout: idle,
    keepAliveMaxTimeout: idle,
    keepAliveTimeoutThreshold: 500,
    // Those who ask have one limit for all of it.
    headersTimeout: 0,
    bodyTimeout: 0
  })
}

function removeFrom(waiting: Map<string, Connection[]>, connection: Connection) {
  for (const [origin, list] of waiting) {
    const place = list.indexOf(connection)
    if (place === -1) continue
    list.splice(place, 1)
    if (list.length === 0) waiting.delete(origin)
  }
}

/** A proxy decides by itself where it connects to. */
function connectorFor(
  url: URL,
  { guard, proxy }: { guard: Guard; proxy: URL | undefined },
  opened: (address: string | null) => void
): buildConnector.connector {
  const connect = buildConnector({ timeout: patience, allowH2: false, ...(!proxy && { lookup: guard.lookup(url) }) })
  return (options, done) => {
    const connected: buildConnector.Callback = (error, socket) => {
      if (error) return done(error, null)
      const { remoteAddress = '' } = socket
      // A name may lead elsewhere than its look-up said, and Node looks up no address.
      if (!proxy && !guard.isAllowed(remoteAddress, url)) {
        socket.destroy()
        return done(new Refused(), null)
      }
      opened(proxy ? null : remoteAddress)
      done(null, socket)
    }
    if (!proxy || url.protocol === 'http:') return connect(options, connected)
    openTunnel(proxy, `${options.hostname}:${options.port || 443}`, (error, socket) => {
      if (error) return connected(error, null)
      connect({ ...options, httpSocket: socket }, connected)
    })
  }
}
