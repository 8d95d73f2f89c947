import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { Stopping } from '#errors.ts'

export type Drain = ReturnType<typeof drainWhenStopping>

/**
 * A stop lets requests that are under way finish and refuses new ones. Their connections end with their answers: one
 * that is kept alive would hold up the stop for as long as its client likes.
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
  // An answer that was on its way already has promised otherwise.
  app.addHook('onResponse', (_request, _reply, done) => {
    if (stopping) setImmediate(() => app.server.closeIdleConnections())
    done()
  })

  return {
    /** Whether a request that broke off was cut by us rather than by its client. */
    hasCut: () => cut,

    /** Ends all connections, and answers how many requests had not finished. */
    cut() {
      cut = true
      const unfinished = [...connections].filter(isAnswering).length
      for (const socket of connections) socket.destroy()
      return unfinished
    }
  }
}

/** Looked up at the end, because to count each request would cost each request. */
function isAnswering(socket: Socket) {
  const { _httpMessage: response } = socket as { _httpMessage?: ServerResponse | null }
  return response != null && !response.writableFinished && response.req.headers.upgrade === undefined
}
