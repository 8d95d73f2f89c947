import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Scope } from '#access/scopes.ts'
import type { Token } from '#access/token.ts'
import { type Access, admission } from './admission.ts'
import { refuseKeyInUrl } from './credentials.ts'
import { refusals } from './refusals.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a principal needs for this route. */
    scope?: Scope | 'public'
    /** What a principal needs for what this request asks for, where that differs. `scope` is the usual one. */
    scopeOf?: (request: FastifyRequest) => Promise<Scope | 'public'>
    /** A route to read that shows principals which are limited to what they have created only that. */
    own?: boolean
    /** A public route that has to know which key a request comes with. */
    asks?: boolean
  }
}

/**
 * Lets a request in by its key and the scope of its route, before a byte of its body is read. Each route names its scope;
 * one without stops the start, so that a forgotten scope is no hole.
 */
export function hangGate(app: FastifyInstance, access: Access) {
  const routes: RouteOptions[] = []
  const checks = new WeakSet<object>()
  const refuse = refusals()
  const admit = admission(access, refuse)

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
    const check = admit(route)
    checks.add(check)
    // A hook of the route, since an app's would have to look the route's scope up.
    route.onRequest = [check, ...others]
  })

  app.addHook('onReady', async () => {
    const open = routes.find(({ config }) => config?.scope === undefined)
    if (open) throw new Error(`The route ${open.method} ${open.url} has no scope in its config: name one, or "public"`)
  })

  app.decorateRequest(
    'signIn',
    async function signIn(this: FastifyRequest, token: Token | undefined, reply: FastifyReply) {
      const { keyring } = access
      const holder = token?.kind === 'k' ? (keyring.known(token) ?? (await keyring.find(token))) : undefined
      if (!holder || holder === 'ended') throw refuse.wrong(this, reply, holder !== 'ended')
      const refused = refuse.outside(holder, this)
      if (refused) throw refused
      return holder
    }
  )
}
