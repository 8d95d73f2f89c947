import type { FastifyInstance } from 'fastify'

// Milliseconds: enough for a client on a good line to send the rest of a film.
const patience = 10_000

/**
 * After an answer that precedes the end of the body (too large, not a form), the rest is read for a while and discarded:
 * closing at once would reset the connection, and the client would never see the answer.
 */
export function lingerOnUnreadBodies(app: FastifyInstance) {
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    if (!raw.complete && !raw.destroyed) {
      raw.unpipe()
      raw.resume()
      const timer = setTimeout(() => raw.destroy(), patience).unref()
      raw.once('close', () => clearTimeout(timer))
    }
    done()
  })
}
