import type { FastifyReply, FastifyRequest } from 'fastify'
import { mayUse, type Scope } from '#access/scopes.ts'
import { LimitExceeded, OpenToThisMachine, RateLimited, ScopeMissing, TooManyFailures, Unauthorized } from '#errors.ts'
import { type Holder, isIn } from '#keys/holder.ts'
import { failures } from './failures.ts'
import { publicClientIn } from './forwarded.ts'
import { rates } from './rates.ts'

// Milliseconds between two warnings.
const aMinute = 60_000

/** Why a request may not pass the gate. */
export function refusals() {
  const failed = failures()
  const take = rates()

  /** One sentence for a missing, malformed, unknown, expired or revoked key. */
  function missing(reply: FastifyReply) {
    reply.header('www-authenticate', 'Bearer')
    return new Unauthorized()
  }

  function outside({ networks }: Holder, { ip }: FastifyRequest) {
    if (!networks || isIn(networks, ip)) return undefined
    return new LimitExceeded('networks', 'it may not be used from this address')
  }

  let lastWarning = Number.NEGATIVE_INFINITY

  return {
    missing,
    outside,

    /** While everything is open to this machine: undefined for requests that no proxy sends for a public address. */
    stranger({ raw, log }: FastifyRequest) {
      const client = publicClientIn(raw.headers)
      if (client === undefined) return undefined
      const error = new OpenToThisMachine(client)
      if (performance.now() - lastWarning > aMinute) {
        lastWarning = performance.now()
        log.warn(error.message)
      }
      return error
    },

    /** A right key is let in all the same: others behind that address have done nothing wrong. */
    wrong({ ip }: FastifyRequest, reply: FastifyReply, isGuess: boolean) {
      if (!isGuess || !failed.add(ip)) return missing(reply)
      reply.header('retry-after', failed.left())
      return new TooManyFailures()
    },

    /** Undefined where it may pass. */
    tooLittle(holder: Holder, scope: Scope, own: boolean) {
      const { scopes, limits } = holder
      // What a key has created it may read.
      const suffices = mayUse(scopes, scope) || (scope === 'read' && own && scopes.includes('submit'))
      if (!suffices) return new ScopeMissing(scope)
      if (scope === 'read' && limits.own && !own) {
        return new LimitExceeded('own', 'it sees only what it has created, and this shows more')
      }
      return undefined
    },

    tooOften({ id, limits }: Holder, reply: FastifyReply, apis: number, now: number) {
      const late = take(id, limits, apis, now)
      if (!late) return undefined
      reply.header('retry-after', late.wait)
      return new RateLimited(late.rate)
    }
  }
}

export type Refusals = ReturnType<typeof refusals>
