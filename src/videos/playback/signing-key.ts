import { randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Secrets } from '#secrets/master.ts'

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const kidLength = 10
// 62^43 is more than 2^256.
const secretLength = 43
const checkLength = 6

/** The API signs with this one; no row names it, so that it cannot be retired by mistake. */
export const ownKid = '0'

export function newKid() {
  return Array.from({ length: kidLength }, () => digits[randomInt(digits.length)]).join('')
}

/**
 * The text `dr_g_<kid>_<secret>` that signs links. It follows from the master secret, so it is shown once and kept
 * nowhere. Letters and digits only, with a checksum: scanners for secrets find it, and a double click takes all of it.
 */
export function signingKey(secrets: Secrets, kid: string): string {
  const number = BigInt(`0x${secrets(`play ${kid}`).toString('hex')}`)
  const text = `dr_g_${kid}_${base62(number, secretLength)}`
  return text + base62(BigInt(crc32(text)), checkLength)
}

/** Derived once per kid: each request of a player needs it. Only for kids that are known, so it stays small. */
export function signingKeys(secrets: Secrets) {
  const derived = new Map<string, string>()
  return (kid: string) => {
    const key = derived.get(kid) ?? signingKey(secrets, kid)
    derived.set(kid, key)
    return key
  }
}

function base62(number: bigint, length: number) {
  let text = ''
  for (let rest = number; rest > 0n; rest /= 62n) text = digits[Number(rest % 62n)] + text
  return text.padStart(length, '0')
}
