import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TooManyOpen } from '#errors.ts'
import { isForWatchers } from '#watch/sockets/upgrade.ts'
import { keyOf } from '../gate/principal.ts'
import type { Limits } from './limits.ts'

type Place = 'waits' | 'sockets' | 'streams'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The kind of long-lived request that this route serves; each principal may have a limited number open. */
    keepsOpen?: Place
  }
}

const words: Record<Place, string> = { waits: 'requests that wait', sockets: 'WebSockets', streams: 'event streams' }

/** Limits the long-lived requests of each principal, on routes that declare `keepsOpen`. */
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
