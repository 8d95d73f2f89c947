import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Scope } from '#access/scopes.ts'
import type { Holder } from '#keys/holder.ts'
import type { Keyring } from '#keys/keyring.ts'
import { plainPath, type Tickets } from '#keys/ticket.ts'
import { giveUp } from './arrivals.ts'
import { credentialIn } from './credentials.ts'
import type { ProxySignIn } from './proxy.ts'
import type { Refusals } from './refusals.ts'

export interface Access {
  keyring: Keyring
  tickets: Tickets
  proxy: ProxySignIn
}

type Done = (error?: Error) => void

interface Visit {
  request: FastifyRequest
  reply: FastifyReply
  scope: Scope | 'public'
  own: boolean
  done: Done
}

const ticketProtocol = 'darkroom.ticket.'
const upload = /^\s*(?:multipart\/|application\/offset\+octet-stream)/i

/** The hook of each route that lets a request in or refuses it. A key that is known costs no turn of the event loop. */
export function admission(access: Access, refuse: Refusals) {
  const { keyring } = access
  const doorman = doormanOf(access, refuse)

  return (route: RouteOptions) => {
    const { keepsOpen } = route.config ?? {}

    return (request: FastifyRequest, reply: FastifyReply, done: Done) => {
      // Read now: a route may get its scope from a later hook.
      const { scope = 'admin', scopeOf } = route.config ?? {}
      if (scopeOf === undefined || keyring.isOpen()) return admit(scope, request, reply, done)
      scopeOf(request).then(scope => admit(scope, request, reply, done), done)
    }

    function admit(scope: Scope | 'public', request: FastifyRequest, reply: FastifyReply, done: Done) {
      const { own = false, asks = false } = route.config ?? {}
      if (scope === 'public' && !asks) return done()
      const visit = { request, reply, scope, own, done }
      const ticket = keepsOpen === undefined ? undefined : ticketIn(request)
      if (ticket !== undefined) return doorman.takeTicket(visit, ticket)
      const { authorization } = request.raw.headers
      const now = performance.now()
      const known = authorization === undefined ? undefined : keyring.ofHeader(authorization, now)
      if (known) return doorman.letIn(visit, known, now)
      doorman.look(visit)
    }
  }
}

function doormanOf({ keyring, tickets, proxy }: Access, refuse: Refusals) {
  /** Reads the credentials of a request whose key is not known by the text of its header. */
  function look(visit: Visit) {
    const { request, done } = visit
    const credential = credentialIn(request.raw.headers)
    // A key was chosen for this request. A cookie is sent in any case, and the proxy knows whose the browser is now.
    const person = request.raw.headers.authorization === undefined ? proxy(request.raw) : undefined
    if (person instanceof Error) return done(person)
    if (person) return letIn(visit, person)
    if (credential === undefined) return comeWithout(visit)
    if (credential === 'wrong') return turnAway(visit, undefined)
    const known = keyring.known(credential)
    if (known) return letIn(visit, known)
    keyring.find(credential).then(found => settle(visit, found), done)
  }

  function comeWithout({ request, reply, scope, done }: Visit) {
    if (scope === 'public') return done()
    if (!keyring.isOpen()) return done(refuse.missing(reply))
    done(keyring.isOpenToOthers ? undefined : refuse.stranger(request))
  }

  function settle(visit: Visit, found: Holder | 'ended' | undefined) {
    if (!found || found === 'ended') turnAway(visit, found)
    else letIn(visit, found)
  }

  function letIn({ request, reply, scope, own, done }: Visit, holder: Holder, now = performance.now()) {
    request.holder = holder
    if (scope === 'public') return done()
    const refused =
      refuse.outside(holder, request) ??
      refuse.tooLittle(holder, scope, own) ??
      refuse.tooOften(holder, reply, keyring.apis(), now)
    if (!refused && upload.test(request.raw.headers['content-type'] ?? '')) cutWhenRevoked(request, reply)
    done(refused)
  }

  function turnAway(visit: Visit, found: 'ended' | undefined) {
    const { request, reply, scope, done } = visit
    const { authorization } = request.raw.headers
    // While everything is open a wrong key of ours is refused, as its client believes that it has one.
    if (keyring.isOpen() && !/^bearer +dr_/i.test(authorization ?? '')) return comeWithout(visit)
    // Signing in and out are for wrong ones, too.
    if (scope === 'public' && request.method !== 'GET') return done()
    // A cookie that has ended is sent again and again: that is no guess.
    done(refuse.wrong(request, reply, found !== 'ended' && authorization !== undefined))
  }

  function takeTicket(visit: Visit, text: string) {
    const read = tickets.read(text)
    if (read?.path !== plainPath(visit.request.originalUrl)) return turnAway(visit, undefined)
    if (read.key === null) return keyring.isOpen() ? comeWithout(visit) : turnAway(visit, 'ended')
    keyring.findById(read.key).then(found => settle(visit, found ?? 'ended'), visit.done)
  }

  function cutWhenRevoked(request: FastifyRequest, reply: FastifyReply) {
    const release = request.untilRevoked(() => giveUp(request, reply, refuse.missing(reply)))
    reply.raw.once('close', release)
  }

  return { look, letIn, takeTicket }
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
