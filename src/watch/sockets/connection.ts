import { type Closing, closings } from '../schemas.ts'

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
export interface Talk {
  /** Messages and pings between two of our pings. */
  most: number
  hear(message: string): void
}

interface ConnectOptions {
  limits: SocketLimits
  request: Admitted
  talk: Talk | undefined
  /** Called once, on any end, when nothing more is to be sent. */
  onEnd(): void
}

/** Serves a socket until its client is dead, does not read, or floods us; `pulse` is to be called at each pulse. */
export function connectSocket(socket: Socket, { limits, request, talk, onEnd }: ConnectOptions) {
  let ended = false
  let cut: NodeJS.Timeout | undefined
  const release = request.untilRevoked(() => connection.end(closings.revoked))
  const longest = setTimeout(() => connection.end(closings.revoked), limits.longest).unref()
  const signs = signsOfLife(talk?.most ?? limits.chatter)

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

  const refuse = () => connection.end(talk ? closings.talkative : closings.unwelcome)
  socket.on('message', (data, isBinary) => {
    if (!signs.hear() || isBinary) refuse()
    else if (!ended) talk?.hear(data.toString())
  })
  socket.on('ping', () => signs.hear() || refuse())
  socket.on('pong', () => signs.see())
  socket.on('close', () => {
    clearTimeout(cut)
    over()
  })

  function pulse() {
    if (!signs.next()) return socket.terminate()
    if (socket.readyState === openState) socket.ping()
  }

  return { connection, pulse }
}

/** What a client sends between two of our pings. */
function signsOfLife(most: number) {
  let alive = true
  let heard = 0
  return {
    see() {
      alive = true
    },
    /** Whether the client may send that much. */
    hear() {
      alive = true
      return ++heard <= most
    },
    /** Whether there was any since the last call. */
    next() {
      const was = alive
      alive = false
      heard = 0
      return was
    }
  }
}
