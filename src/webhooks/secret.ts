import { randomBytes } from 'node:crypto'

/** The key of HMAC-SHA-256. */
export function newSecret(): Buffer {
  return randomBytes(32)
}

/** As Standard Webhooks writes it. */
export function secretText(secret: Buffer) {
  return `whsec_${secret.toString('base64')}`
}
