import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { mayUse, type Scope } from '#access/scopes.ts'
import { LimitExceeded, RateLimited, ScopeMissing, TooManyFailures, Unauthorized } from '#errors.ts'
import { type Holder, isIn } from '#keys/holder.ts'
import type { Keyring } from '#keys/keyring.ts'
import { giveUp } from './arrivals.ts'
import { credentialIn, refuseKeyInUrl } from './credentials.ts'
import { failures } from './failures.ts'
import { rates } from './rates.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a principal needs for this route. */
    scope?: Scope | 'public'
    /** A route to read that shows principals which are limited to what they have created only that. */
    own?: boolean
  }
}

type Done = (error?: Error) => void

const upload = /^\s*(?:multipart\/|application\/offset\+octet-stream)/i

/**
 * Lets a request in by its key and the scope of its route, before a byte of its body is read. Each route names its scope;
 * one without stops the start, so that a forgotten scope is no hole.
 */
export function hangGate(app: FastifyInstance, keyring: Keyring) {
  const routes: RouteOptions[] = []
  const checks = new WeakSet<object>()
  const failed = failures()
  const take = rates()

  app.addHook('onRequest', ({ originalUrl }, _reply, done) => {
    try {
      refuseKeyInUrl(originalUrl)
      done()
    } catch (error) {
      done(error as Error)
    }
  })
  app.addHook('onRoute', route => {
    routes.push(route)
    const others = [route.onRequest ?? []].flat()
    // Fastify makes a HEAD of each GET, with the hooks that this has already.
    if (others.some(hook => checks.has(hook))) return
    const check = checkOf(route)
    checks.add(check)
    // A hook of the route, since an app's would have to look the route's scope up.
    route.onRequest = [check, ...others]
  })
  app.addHook('onReady', async () => {
    const open = routes.find(({ config }) => config?.scope === undefined)
    if (open) throw new Error(`The route ${open.method} ${open.url} has no scope in its config: name one, or "public"`)
  })

  app.decorateRequest('signIn', async function signIn(this: FastifyRequest, token, reply) {
    const holder = token?.kind === 'k' ? (keyring.known(token) ?? (await keyring.find(token))) : undefined
    if (!holder || holder === 'ended') throw failure(this, reply, holder)
    const refused = outsideOf(holder, this)
    if (refused) throw refused
    return holder
  })

  function checkOf(route: RouteOptions) {
    return (request: FastifyRequest, reply: FastifyReply, done: Done) => {
      const { scope = 'admin', own = false } = route.config ?? {}
      const credential = credentialIn(request.raw.headers)
      if (credential === undefined) return done(scope === 'public' || keyring.isOpen() ? undefined : refusal(reply))
      const known = credential === 'wrong' ? undefined : keyring.known(credential)
      if (known) return enter(known)
      if (credential === 'wrong') return fail(undefined)
      keyring.find(credential).then(found => (found && found !== 'ended' ? enter(found) : fail(found)), done)

      function enter(holder: Holder) {
        request.holder = holder
        if (scope === 'public') return done()
        const refused = refusalOf(holder, scope, own, request) ?? rateOf(holder, reply)
        if (!refused && upload.test(request.raw.headers['content-type'] ?? '')) cutWhenRevoked(request, reply)
        done(refused)
      }

      function fail(found: 'ended' | undefined) {
        if (scope === 'public' || (keyring.isOpen() && !isOurs(request))) return done()
        done(failure(request, reply, found))
      }
    }
  }

  /** A right key is let in all the same: others behind that address have done nothing wrong. */
  function failure({ ip }: FastifyRequest, reply: FastifyReply, found: 'ended' | undefined) {
    if (found !== 'ended' && failed.add(ip)) return refusal(reply, failed.left())
    return refusal(reply)
  }

  function rateOf({ id, limits }: Holder, reply: FastifyReply) {
    const late = take(id, limits)
    if (!late) return undefined
    reply.header('retry-after', late.wait)
    return new RateLimited(late.rate)
  }
}

/** One sentence for a missing, malformed, unknown, expired or revoked key. */
function refusal(reply: FastifyReply, wait?: number) {
  if (wait !== undefined) {
    reply.header('retry-after', wait)
    return new TooManyFailures()
  }
  reply.header('www-authenticate', 'Bearer')
  return new Unauthorized()
}

/** While everything is open a wrong key of ours is refused, as its client believes that it has one; a password is not ours. */
function isOurs({ raw: { headers } }: FastifyRequest) {
  return /^bearer +dr_/i.test(headers.authorization ?? '')
}

function refusalOf(holder: Holder, scope: Scope, own: boolean, request: FastifyRequest) {
  const { scopes, ownOnly, limits } = holder
  const refused = outsideOf(holder, request)
  if (refused) return refused
  // What a key has created it may read.
  const suffices = mayUse(scopes, scope) || (scope === 'read' && own && scopes.includes('submit'))
  if (!suffices) return new ScopeMissing(scope)
  if (scope === 'read' && ownOnly && limits.own && !own) {
    return new LimitExceeded('own', 'it sees only what it has created, and this shows more')
  }
  return undefined
}

function outsideOf({ networks }: Holder, { ip }: FastifyRequest) {
  if (!networks || isIn(networks, ip)) return undefined
  return new LimitExceeded('networks', 'it may not be used from this address')
}

function cutWhenRevoked(request: FastifyRequest, reply: FastifyReply) {
  const release = request.untilRevoked(() => giveUp(request, reply, refusal(reply)))
  reply.raw.once('close', release)
}
