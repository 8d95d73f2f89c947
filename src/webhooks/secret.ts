import { randomBytes } from 'node:crypto'
import type { Secrets } from '#secrets/master.ts'

/** Encrypts the secrets of webhooks in the database. */
export function webhookKey(secrets: Secrets): Buffer {
  return secrets('webhooks')
}

/** The key of HMAC-SHA-256. */
export function newSecret(): Buffer {
  return randomBytes(32)
}

/** As Standard Webhooks writes it. */
export function secretText(secret: Buffer) {
  return `whsec_${secret.toString('base64')}`
}
