import { createSecretKey, type KeyObject } from 'node:crypto'
import { unseal } from '#secrets/at-rest.ts'

const most = 1_000

/** Secrets of webhooks as keys, decrypted once: for each message that took more CPU than the signature. */
export function secretsOpener(key: Buffer) {
  const opened = new Map<string, KeyObject>()

  /** `sealed` is as Postgres writes bytes. */
  return (webhook: string, sealed: string): KeyObject => {
    const name = `${webhook}${sealed}`
    const known = opened.get(name)
    if (known) return known
    if (opened.size >= most) opened.clear()
    const secret = createSecretKey(unseal(key, Buffer.from(sealed.slice('\\x'.length), 'hex'), webhook))
    opened.set(name, secret)
    return secret
  }
}

export type OpenSecret = ReturnType<typeof secretsOpener>
