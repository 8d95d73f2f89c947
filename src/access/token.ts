import { hash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** `k` a key, `s` a session of the dashboard. */
export type TokenKind = 'k' | 's'

export interface Token {
  kind: TokenKind
  /** Public: lists and logs show it. */
  id: string
  /** SHA-256 of the whole. At 256 random bits a slow hash protects nothing, and each request would pay for it. */
  hash: Buffer
  /** The whole, which is neither logged nor written anywhere. */
  text: string
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
// 62^43 > 2^256
const secretLength = 43
const idLength = 10
const sumLength = 6
const wellFormed = /^dr_([ks])_([\dA-Za-z]{10})_[\dA-Za-z]{43}([\dA-Za-z]{6})$/

/**
 * A new token: `dr_k_<id>_<secret><checksum>`. The prefix and the checksum let scanners of repositories tell a real one
 * from a lookalike, and a mistyped one is refused without a query.
 */
export function newToken(kind: TokenKind): Token {
  const id = randomText(idLength)
  const body = `dr_${kind}_${id}_${randomText(secretLength)}`
  const text = body + checksum(body)
  return { kind, id, hash: digest(text), text }
}

/** Undefined for what cannot be a token. */
export function readToken(text: string): Token | undefined {
  const [, kind, id, sum] = wellFormed.exec(text) ?? []
  if (id === undefined || checksum(text.slice(0, -sumLength)) !== sum) return undefined
  return { kind: kind as TokenKind, id, hash: digest(text), text }
}

function digest(text: string) {
  return hash('sha256', text, 'buffer')
}

function checksum(text: string) {
  let rest = crc32(text)
  let sum = ''
  for (let place = 0; place < sumLength; place++) {
    sum = alphabet[rest % 62] + sum
    rest = Math.floor(rest / 62)
  }
  return sum
}

/** Bytes from 248 on are dropped: with them the first letters would be likelier than the last. */
function randomText(length: number) {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length)) if (byte < 248 && text.length < length) text += alphabet[byte % 62]
  }
  return text
}
