import { createSecretKey, type KeyObject } from 'node:crypto'
import { unseal } from '#secrets/at-rest.ts'

const most = 1_000

/** Secrets of webhooks as keys, decrypted once: for each message that took more CPU than the signature. */
export function secretsOpener(key: Buffer) {
  const opened = new Map<string, KeyObject>()

  return (webhook: string, sealed: Buffer): KeyObject => {
    const name = `${webhook} ${sealed.toString('base64')}`
    const known = opened.get(name)
    if (known) return known
    if (opened.size >= most) opened.clear()
    const secret = createSecretKey(unseal(key, sealed, webhook))
    opened.set(name, secret)
    return secret
  }
}

export type OpenSecret = ReturnType<typeof secretsOpener>
