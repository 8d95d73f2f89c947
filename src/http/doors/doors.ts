import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Refusals } from '#audit/refusals.ts'
import { drainWhenStopping } from '../stopping.ts'
import type { Access } from './admission.ts'
import { endSlowBodies } from './arrivals.ts'
import { limitBodiesInMemory } from './bodies.ts'
import { type BrowserSettings, guardAgainstPages } from './browsers.ts'
import { hangGate } from './gate.ts'
import { addSecurityHeaders } from './headers.ts'
import type { Limits } from './limits.ts'
import { lingerOnUnreadBodies } from './linger.ts'
import { noteRefusals } from './note-refusals.ts'
import { limitOpen } from './places.ts'
import { identifyPrincipals } from './principal.ts'

/** The hooks before every route, in this order: checks against hostile pages, keys and scopes, limits. */
export function hangDoors(
  app: FastifyInstance,
  settings: BrowserSettings,
  limits: Limits,
  connections: Iterable<Socket>,
  access: Access,
  refusals: Refusals
) {
  identifyPrincipals(app, access.keyring)
  noteRefusals(app, refusals)
  addSecurityHeaders(app, settings.PUBLIC_URL)
  guardAgainstPages(app, settings)
  const drain = drainWhenStopping(app, connections)
  endSlowBodies(app, limits)
  limitBodiesInMemory(app, limits)
  limitOpen(app, limits)
  // After `limitOpen`, whose hook of a route comes second then.
  hangGate(app, access)
  lingerOnUnreadBodies(app)
  return drain
}
