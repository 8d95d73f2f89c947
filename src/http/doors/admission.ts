import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Scope } from '#access/scopes.ts'
import type { Holder } from '#keys/holder.ts'
import type { Keyring } from '#keys/keyring.ts'
import { plainPath, type Tickets } from '#keys/ticket.ts'
import { giveUp } from './arrivals.ts'
import { credentialIn } from './credentials.ts'
import type { Refusals } from './refusals.ts'

export interface Access {
  keyring: Keyring
  tickets: Tickets
}

type Done = (error?: Error) => void

const ticketProtocol = 'darkroom.ticket.'
const upload = /^\s*(?:multipart\/|application\/offset\+octet-stream)/i

/** The hook of each route that lets a request in or refuses it. A key that is known costs no turn of the event loop. */
export function admission({ keyring, tickets }: Access, refuse: Refusals) {
  return (route: RouteOptions) => {
    const { keepsOpen } = route.config ?? {}

    return (request: FastifyRequest, reply: FastifyReply, done: Done) => {
      // Read now: a route may get its scope from a later hook.
      const { scope = 'admin', scopeOf } = route.config ?? {}
      if (scopeOf === undefined || keyring.isOpen()) return letIn(scope, request, reply, done)
      scopeOf(request).then(scope => letIn(scope, request, reply, done), done)
    }

    function letIn(scope: Scope | 'public', request: FastifyRequest, reply: FastifyReply, done: Done) {
      const { own = false, asks = false } = route.config ?? {}
      const { headers } = request.raw
      if (scope === 'public' && !asks) return done()
      const ticket = keepsOpen === undefined ? undefined : ticketIn(request)
      if (ticket !== undefined)
        return void findTicket(ticket).then(found => (found === 'open' ? done() : settle(found)), done)
      const credential = credentialIn(headers)
      if (credential === undefined) {
        return done(scope === 'public' || keyring.isOpen() ? undefined : refuse.missing(reply))
      }
      if (credential === 'wrong') return settle(undefined)
      const known = keyring.known(credential)
      if (known) return settle(known)
      keyring.find(credential).then(settle, done)

      function settle(found: Holder | 'ended' | undefined) {
        if (!found || found === 'ended') return turnAway(found)
        request.holder = found
        if (scope === 'public') return done()
        const refused =
          refuse.outside(found, request) ?? refuse.tooLittle(found, scope, own) ?? refuse.tooOften(found, reply)
        if (!refused && upload.test(headers['content-type'] ?? '')) cutWhenRevoked(request, reply)
        done(refused)
      }

      function turnAway(found: 'ended' | undefined) {
        // While everything is open a wrong key of ours is refused, as its client believes that it has one.
        if (keyring.isOpen() && !/^bearer +dr_/i.test(headers.authorization ?? '')) return done()
        // Signing in and out are for wrong ones, too.
        if (scope === 'public' && request.method !== 'GET') return done()
        // A cookie that has ended is sent again and again: that is no guess.
        done(refuse.wrong(request, reply, found !== 'ended' && headers.authorization !== undefined))
      }

      async function findTicket(text: string) {
        const read = tickets.read(text)
        if (read?.path !== plainPath(request.originalUrl)) return undefined
        if (read.key === null) return keyring.isOpen() ? 'open' : 'ended'
        return (await keyring.findById(read.key)) ?? 'ended'
      }
    }
  }

  function cutWhenRevoked(request: FastifyRequest, reply: FastifyReply) {
    const release = request.untilRevoked(() => giveUp(request, reply, refuse.missing(reply)))
    reply.raw.once('close', release)
  }
}

/** Taken out of the query, which the route would refuse. */
function ticketIn({ raw: { headers }, query }: FastifyRequest) {
  const fields = query as { ticket?: unknown }
  if (fields.ticket !== undefined) {
    const { ticket } = fields
    delete fields.ticket
    return String(ticket)
  }
  const protocols = headers['sec-websocket-protocol']?.split(',') ?? []
  return protocols
    .map(each => each.trim())
    .find(each => each.startsWith(ticketProtocol))
    ?.slice(ticketProtocol.length)
}
