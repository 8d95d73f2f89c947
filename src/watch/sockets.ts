import type { FastifyBaseLogger } from 'fastify'
import { type Closing, closings } from './schemas.ts'

/** What we use of a socket of `ws`. */
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
  /** Bytes that may wait for one reader; a message that comes on top of more is one too many. */
  backlog: number
  /** Between two pings, in milliseconds. Who has not answered one by the next is gone. */
  pulse: number
  /** Messages and pings that a client may send between two of ours. */
  chatter: number
  /** How long a socket that we cut off has to read why, in milliseconds. */
  patience: number
}

export const socketLimits: SocketLimits = { backlog: 1024 * 1024, pulse: 30_000, chatter: 100, patience: 5_000 }
// Clients have nothing to say here. What is longer ends the socket before it is read: 1009.
export const longestFromClient = 4 * 1024

// A stop waits no longer than this for clients to answer.
const farewell = 1_000
const openState = 1

export interface Connection {
  readonly ended: boolean
  send(message: Buffer): void
  /** Says why, and lets go. What was sent before still arrives where somebody reads. */
  end(closing: Closing): void
}

/** Every open socket of this server: who is alive, who reads, who behaves. */
export function keepSockets(limits: SocketLimits = socketLimits) {
  const open = new Map<Connection, Socket>()
  const pulses = new Set<() => void>()
  const timer = setInterval(() => {
    for (const pulse of pulses) pulse()
  }, limits.pulse)
  timer.unref()
  let stopping: PromiseWithResolvers<void> | undefined

  /** Answers how to talk to the socket; `onEnd` is called once, however it ends, as soon as nothing is to be sent. */
  function adopt(socket: Socket, onEnd: () => void): Connection {
    let ended = false
    let alive = true
    let heard = 0
    let cut: NodeJS.Timeout | undefined

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
        // A good end may take its time: the last message is on its way, and ws itself gives up after half a minute.
        if (closing !== closings.finished) cut = setTimeout(() => socket.terminate(), limits.patience).unref()
      }
    }

    function over() {
      if (ended) return false
      ended = true
      onEnd()
      return true
    }

    function hear(isBinary = false) {
      alive = true
      heard++
      if (!isBinary && heard <= limits.chatter) return
      connection.end(closings.unwelcome)
    }

    function pulse() {
      if (!alive) return socket.terminate()
      alive = false
      heard = 0
      if (socket.readyState === openState) socket.ping()
    }

    socket.on('message', (_data, isBinary) => hear(isBinary))
    socket.on('ping', () => hear())
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

    /** An error of the socket itself: ws has begun to close it, with the right code. One of ours ends it too. */
    fail(error: Error, socket: Socket, log: FastifyBaseLogger) {
      if (socket.readyState !== openState) return void setTimeout(() => socket.terminate(), limits.patience).unref()
      log.error({ err: error }, 'a socket failed')
      socket.close(...closings.broken)
    },

    /** Resolves when all sockets are gone, which does not take longer than a moment. */
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
