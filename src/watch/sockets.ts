import type { FastifyBaseLogger } from 'fastify'
import { type Closing, closings } from './schemas.ts'

/** The part of a `ws` socket that is used here. */
export interface Socket {
  readonly readyState: number
  readonly bufferedAmount: number
  send(message: Buffer, options: { binary: boolean }): void
  ping(): void
  close(code: number, reason: string): void
  terminate(): void
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): void
  on(event: 'ping' | 'pong' | 'close', listener: () => void): void
}

export interface SocketLimits {
  /** Unsent bytes for one client, beyond which the next message closes its socket. */
  backlog: number
  /** Milliseconds between two pings. A client that has not answered one by the next is disconnected. */
  pulse: number
  /** Messages and pings that a client may send between two of our pings. */
  chatter: number
  /** Milliseconds that a client has to read the close reason. */
  patience: number
  /** Milliseconds after which a socket ends like one of a revoked key. */
  longest: number
}

export const socketLimits: SocketLimits = {
  backlog: 1024 * 1024,
  pulse: 30_000,
  chatter: 100,
  patience: 5_000,
  longest: 12 * 3_600_000
}
// Clients of most routes send nothing. A longer message closes the socket before it is read: 1009.
export const longestFromClient = 4 * 1024

// Milliseconds that a stop waits for clients to answer.
const farewell = 1_000
const openState = 1

export interface Connection {
  readonly ended: boolean
  send(message: Buffer): void
  /** Closes with a reason. Messages that were sent before still arrive if the client reads. */
  end(closing: Closing): void
}

/** The request of a socket. */
export interface Admitted {
  untilRevoked(end: () => void): () => void
}

/** What a client may say; without it nothing. */
interface Talk {
  /** Messages and pings between two of our pings. */
  most: number
  hear(message: string): void
}

/** The open sockets of this server. Closes those of clients that are dead, do not read, or flood us. */
export function keepSockets(limits: SocketLimits = socketLimits) {
  const open = new Map<Connection, Socket>()
  const pulses = new Set<() => void>()
  const timer = setInterval(() => {
    for (const pulse of pulses) pulse()
  }, limits.pulse)
  timer.unref()
  let stopping: PromiseWithResolvers<void> | undefined

  /** Adds a socket and returns its connection; `onEnd` is called once, on any end, when nothing more is to be sent. */
  function adopt(socket: Socket, request: Admitted, onEnd: () => void, talk?: Talk): Connection {
    let ended = false
    let alive = true
    let heard = 0
    let cut: NodeJS.Timeout | undefined
    const release = request.untilRevoked(() => connection.end(closings.revoked))
    const longest = setTimeout(() => connection.end(closings.revoked), limits.longest).unref()

    const connection: Connection = {
      get ended() {
        return ended
      },
      send(message) {
        if (ended) return
        if (socket.bufferedAmount > limits.backlog) return connection.end(closings.slow)
        socket.send(message, { binary: false })
      },
      end(closing) {
        if (!over()) return
        socket.close(closing[0], closing[1])
        // After the final message a client may read slowly; `ws` gives up after 30 s.
        if (closing !== closings.finished) cut = setTimeout(() => socket.terminate(), limits.patience).unref()
      }
    }

    function over() {
      if (ended) return false
      ended = true
      release()
      clearTimeout(longest)
      onEnd()
      return true
    }

    function hear(isBinary = false) {
      alive = true
      heard++
      if (!isBinary && heard <= (talk?.most ?? limits.chatter)) return true
      connection.end(talk ? closings.talkative : closings.unwelcome)
      return false
    }

    function pulse() {
      if (!alive) return socket.terminate()
      alive = false
      heard = 0
      if (socket.readyState === openState) socket.ping()
    }

    socket.on('message', (data, isBinary) => {
      if (hear(isBinary) && !ended) talk?.hear(data.toString())
    })
    socket.on('ping', () => void hear())
    socket.on('pong', () => {
      alive = true
    })
    socket.on('close', () => {
      clearTimeout(cut)
      pulses.delete(pulse)
      open.delete(connection)
      over()
      if (open.size === 0) stopping?.resolve()
    })
    pulses.add(pulse)
    open.set(connection, socket)
    if (stopping) connection.end(closings.stopping)
    return connection
  }

  return {
    adopt,

    /** `ws` closes a socket after its own errors; this also closes it after errors of ours. */
    fail(error: Error, socket: Socket, log: FastifyBaseLogger) {
      if (socket.readyState !== openState) return void setTimeout(() => socket.terminate(), limits.patience).unref()
      log.error({ err: error }, 'a WebSocket failed and was closed; its client may reconnect')
      socket.close(...closings.broken)
    },

    /** Resolves when all sockets are closed, after a second at the latest. */
    async close() {
      clearInterval(timer)
      stopping = Promise.withResolvers()
      if (open.size === 0) return
      for (const connection of [...open.keys()]) connection.end(closings.stopping)
      const cut = setTimeout(() => {
        for (const socket of open.values()) socket.terminate()
      }, farewell)
      await stopping.promise
      clearTimeout(cut)
    }
  }
}

export type Sockets = ReturnType<typeof keepSockets>
