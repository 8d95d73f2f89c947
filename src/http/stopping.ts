import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { Stopping } from '#errors.ts'
import type { Coded } from '#schema/problems.ts'
import { endWithProblem } from './errors/client-error.ts'

export type Drain = ReturnType<typeof drainWhenStopping>

/**
 * A stop lets running requests finish and refuses new ones. Each connection closes with its answer: a kept-alive one
 * would hold up the stop for as long as its client likes.
 */
export function drainWhenStopping(app: FastifyInstance, connections: Iterable<Socket>) {
  let stopping = false
  let cut = false

  app.addHook('preClose', done => {
    stopping = true
    done()
  })
  app.addHook('onRequest', (_request, _reply, done) => (stopping ? done(new Stopping()) : done()))
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (stopping) reply.header('connection', 'close')
    done()
  })
  // Headers that are already sent promise keep-alive, so the socket is closed after them.
  app.addHook('onResponse', (_request, _reply, done) => {
    if (stopping) setImmediate(() => app.server.closeIdleConnections())
    done()
  })

  return {
    /** Whether the stop, and not the client, cut requests. */
    hasCut: () => cut,

    /** Ends all connections and returns the number of unfinished requests. */
    cut() {
      cut = true
      const unfinished = [...connections].filter(isAnswering)
      for (const socket of connections) {
        if (unfinished.includes(socket) && !responseOn(socket)!.headersSent)
          endWithProblem(socket, new Stopping() as Coded)
        else socket.destroy()
      }
      return unfinished.length
    }
  }
}

/** Counted once at the stop, which costs the requests nothing. */
function isAnswering(socket: Socket) {
  const response = responseOn(socket)
  return response != null && !response.writableFinished && response.req.headers.upgrade === undefined
}

function responseOn(socket: Socket) {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage
}
