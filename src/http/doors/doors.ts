import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Refusals } from '#audit/refusals.ts'
import { drainWhenStopping } from '../stopping.ts'
import { type BrowserSettings, guardAgainstPages } from './browsers/browsers.ts'
import { addSecurityHeaders } from './browsers/headers.ts'
import type { Access } from './gate/admission.ts'
import { hangGate } from './gate/gate.ts'
import { noteRefusals } from './gate/note-refusals.ts'
import { identifyPrincipals } from './gate/principal.ts'
import { endSlowBodies } from './limits/arrivals.ts'
import { limitBodiesInMemory } from './limits/bodies.ts'
import type { Limits } from './limits/limits.ts'
import { lingerOnUnreadBodies } from './limits/linger.ts'
import { limitOpen } from './limits/places.ts'

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
