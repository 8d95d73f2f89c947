import type { FastifyInstance } from 'fastify'
import { Stopping } from '#errors.ts'

export type Drain = ReturnType<typeof drainWhenStopping>

/**
 * A stop lets requests that are under way finish and refuses new ones. Their connections end with their answers: one
 * that is kept alive would hold up the stop for as long as its client likes.
 */
export function drainWhenStopping(app: FastifyInstance) {
  let stopping = false
  let cut = false
  let underWay = 0
  const ended = () => {
    underWay--
  }

  app.addHook('preClose', done => {
    stopping = true
    done()
  })
  app.addHook('onRequest', ({ raw }, reply, done) => {
    if (stopping) return done(new Stopping())
    // An open WebSocket is ended by the stop itself.
    if (raw.headers.upgrade === undefined) {
      underWay++
      reply.raw.once('close', ended)
    }
    done()
  })
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
      const unfinished = underWay
      app.server.closeAllConnections()
      return unfinished
    }
  }
}
