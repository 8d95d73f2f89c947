import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TooManyOpen } from '#errors.ts'
import { isForWatchers } from '#watch/upgrade.ts'
import type { Limits } from './limits.ts'
import { keyOf } from './principal.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a request to this route keeps open for long, and of which one principal may have only so many. */
    keepsOpen?: 'waits' | 'sockets' | 'streams'
  }
}

const sentences = {
  waits: 'requests that wait',
  sockets: 'WebSockets',
  streams: 'event streams'
}

/** Counts what each principal has open on routes that say that they keep something open, and refuses what is too much. */
export function limitOpen(app: FastifyInstance, limits: Limits) {
  app.addHook('onRoute', route => {
    const place = route.config?.keepsOpen
    if (!place) return
    const most = limits[place]
    const open = new Map<string, number>()

    function take(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) {
      if (!isKept(place!, request)) return done()
      const key = keyOf(request.principal)
      const count = open.get(key) ?? 0
      if (count >= most) return done(new TooManyOpen(most, sentences[place!]))
      open.set(key, count + 1)
      const end = place === 'sockets' ? request.raw.socket : reply.raw
      end.once('close', () => {
        const left = open.get(key)! - 1
        if (left > 0) open.set(key, left)
        else open.delete(key)
      })
      done()
    }
    route.onRequest = [take, ...[route.onRequest ?? []].flat()]
  })
}

function isKept(place: 'waits' | 'sockets' | 'streams', { raw, query }: FastifyRequest) {
  if (place === 'waits') return Number((query as { wait?: string }).wait) > 0
  return place === 'streams' ? raw.method === 'GET' : isForWatchers(raw)
}
