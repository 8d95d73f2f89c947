import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TooManyOpen } from '#errors.ts'
import { isForWatchers } from '#watch/upgrade.ts'
import type { Limits } from './limits.ts'
import { keyOf } from './principal.ts'

type Place = 'waits' | 'sockets' | 'streams'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What requests to this route keep open for long, and of which one principal may have only so many. */
    keepsOpen?: Place
  }
}

const words: Record<Place, string> = { waits: 'requests that wait', sockets: 'WebSockets', streams: 'event streams' }

/** Counts what each principal has open on routes that say that they keep something open, and refuses what is too much. */
export function limitOpen(app: FastifyInstance, limits: Limits) {
  const open: Record<Place, Map<string, number>> = { waits: new Map(), sockets: new Map(), streams: new Map() }

  app.addHook('onRoute', route => {
    const place = route.config?.keepsOpen
    if (!place) return
    const take = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => {
      if (!isKept(place, request)) return done()
      const key = keyOf(request.principal)
      const count = open[place].get(key) ?? 0
      if (count >= limits[place]) return done(new TooManyOpen(limits[place], words[place]))
      open[place].set(key, count + 1)
      const end = place === 'sockets' ? request.raw.socket : reply.raw
      end.once('close', () => leave(open[place], key))
      done()
    }
    route.onRequest = [take, ...[route.onRequest ?? []].flat()]
  })
}

function leave(open: Map<string, number>, key: string) {
  const left = open.get(key)! - 1
  if (left > 0) open.set(key, left)
  else open.delete(key)
}

function isKept(place: Place, { raw, query }: FastifyRequest) {
  if (place === 'waits') return Number((query as { wait?: string }).wait) > 0
  return place === 'streams' ? raw.method === 'GET' : isForWatchers(raw)
}
