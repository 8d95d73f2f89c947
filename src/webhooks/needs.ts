import type { Database } from '#database/connect.ts'
import type { Guard } from '#outbound/guard.ts'
import type { Secrets } from '#secrets/master.ts'

/** What the routes that make and change webhooks are given. */
export interface WebhookNeeds {
  db: Database
  guard: Guard
  secrets: Secrets
}
