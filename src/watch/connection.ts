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

export const openState = 1

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
export interface Talk {
  /** Messages and pings between two of our pings. */
  most: number
  hear(message: string): void
}

export interface OpenConnectionOptions {
  socket: Socket
  request: Admitted
  limits: SocketLimits
  talk: Talk | undefined
  /** Called once, on any end, when nothing more is to be sent. */
  onEnd(): void
  /** The socket is closed. */
  onClosed(): void
}

/** The connection of a socket, which ends when its client is dead, does not read, or floods us. */
export function openConnection({ socket, request, limits, talk, onEnd, onClosed }: OpenConnectionOptions) {
  const heed = heedOf(talk?.most ?? limits.chatter)
  let ended = false
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
    if (heed.count() && !isBinary) return true
    connection.end(talk ? closings.talkative : closings.unwelcome)
    return false
  }

  socket.on('message', (data, isBinary) => {
    if (hear(isBinary) && !ended) talk?.hear(data.toString())
  })
  socket.on('ping', () => void hear())
  socket.on('pong', heed.live)
  socket.on('close', () => {
    clearTimeout(cut)
    over()
    onClosed()
  })

  /** Asks whether the client lives; one that has not answered the last time is cut off. */
  function pulse() {
    if (!heed.turn()) return socket.terminate()
    if (socket.readyState === openState) socket.ping()
  }

  return { connection, pulse }
}

/** What was heard of a client between two pulses: whether it lives, and whether it says no more than it may. */
function heedOf(most: number) {
  let alive = true
  let heard = 0
  return {
    live() {
      alive = true
    },
    count() {
      alive = true
      heard++
      return heard <= most
    },
    turn() {
      const wasAlive = alive
      alive = false
      heard = 0
      return wasAlive
    }
  }
}
