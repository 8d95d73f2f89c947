import type { FastifyInstance } from 'fastify'
import { Overloaded } from '#errors.ts'
import type { Limits } from './limits.ts'

// Bodies of this size on all connections together stay below the limit, so they are not counted.
const small = 64 * 1024
const streamed = /^\s*(?:multipart\/|application\/offset\+octet-stream)/i

/** Refuses bodies for which there is no memory, before their first byte is read. Uploads are streamed and need none. */
export function limitBodiesInMemory(app: FastifyInstance, { bodiesInMemory }: Limits) {
  let reserved = 0

  app.addHook('preParsing', (request, reply, _payload, done) => {
    const { headers } = request.raw
    const length = Number(headers['content-length'] ?? 0)
    const isChunked = headers['transfer-encoding'] !== undefined
    if ((length <= small && !isChunked) || streamed.test(headers['content-type'] ?? '')) return done()
    // The parser refuses a body larger than its route allows, without reading it.
    const { bodyLimit } = request.routeOptions
    const bytes = isChunked ? bodyLimit : length
    if (bytes > bodyLimit) return done()
    if (reserved + bytes > bodiesInMemory) return done(new Overloaded())
    reserved += bytes
    reply.raw.once('close', () => {
      reserved -= bytes
    })
    done()
  })
}
