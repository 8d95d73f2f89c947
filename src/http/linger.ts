import type { FastifyInstance } from 'fastify'

// Long enough for a client on a good line to get through what it is sending.
const patience = 10_000

/**
 * A request that is answered before its body is read to the end (too large, not a form) is read on for a while and
 * thrown away: closing at once would reset the connection, and the client would never see the answer.
 */
export function lingerOnUnreadBodies(app: FastifyInstance) {
  app.addHook('onResponse', async ({ raw }) => {
    if (raw.complete || raw.destroyed) return
    raw.unpipe()
    raw.resume()
    const timer = setTimeout(() => raw.destroy(), patience)
    timer.unref()
    raw.once('close', () => clearTimeout(timer))
  })
}
