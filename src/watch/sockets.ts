import type { FastifyBaseLogger } from 'fastify'
import {
  type Admitted,
  type Connection,
  openConnection,
  openState,
  type Socket,
  type SocketLimits,
  socketLimits,
  type Talk
} from './connection.ts'
import { closings } from './schemas.ts'

// Milliseconds that a stop waits for clients to answer.
const farewell = 1_000

/** The open sockets of this server. */
export function keepSockets(limits: SocketLimits = socketLimits) {
  const open = new Map<Connection, Socket>()
  const pulses = new Set<() => void>()
  const timer = setInterval(() => {
    for (const pulse of pulses) pulse()
  }, limits.pulse)
  timer.unref()
  let stopping: PromiseWithResolvers<void> | undefined

  return {
    /** Adds a socket and returns its connection; `onEnd` is called once, on any end, when nothing more is to be sent. */
    adopt(socket: Socket, request: Admitted, onEnd: () => void, talk?: Talk): Connection {
      const { connection, pulse } = openConnection({ socket, request, limits, talk, onEnd, onClosed })
      pulses.add(pulse)
      open.set(connection, socket)
      if (stopping) connection.end(closings.stopping)
      return connection

      function onClosed() {
        pulses.delete(pulse)
        open.delete(connection)
        if (open.size === 0) stopping?.resolve()
      }
    },

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
