import type { FastifyInstance } from 'fastify'

/**
 * Requests that are under way when the service stops are answered, and their connections end with that: one that is
 * kept alive would hold up the stop for as long as its client likes.
 */
export function closeAfterLastAnswer(app: FastifyInstance) {
  let closing = false
  app.addHook('preClose', done => {
    closing = true
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close')
    done()
  })
  // An answer that was on its way already has promised otherwise.
  app.addHook('onResponse', (_request, _reply, done) => {
    if (closing) setImmediate(() => app.server.closeIdleConnections())
    done()
  })
}
