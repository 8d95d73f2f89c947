import { createHmac, timingSafeEqual } from 'node:crypto'

/** What a link allows: to play (`s`), to save prints (`d`), or to save the original (`o`). */
export const grants = { stream: 's', download: 'd', original: 'o' } as const
export type Grant = (typeof grants)[keyof typeof grants]

export interface Token {
  kid: string
  /** Minutes since 1970. */
  exp: number
  grant: Grant
  mac: string
}

interface Signed {
  kid: string
  exp: number
  grant: Grant
  video: string
  /** Of the film; a revocation raises it, and no older link is valid any more. */
  epoch: number
}

// 132 bits.
const macLength = 22
const shape = /^(0|[\dA-Za-z]{10})\.([1-9]\d{0,8})\.([sdo])\.([\w-]{22})$/

/**
 * What a link is signed with. The order is fixed and the first line is a version: nothing in a token says how it is
 * to be checked. The README has it in other languages.
 */
export function macOf(key: string, { kid, exp, grant, video, epoch }: Signed): string {
  const text = ['darkroom-play-1', kid, exp, grant, video, epoch].join('\n')
  return createHmac('sha256', key).update(text).digest('base64url').slice(0, macLength)
}

/** `<kid>.<exp>.<grant>.<mac>`: a part of the path, so that what a playlist names below it inherits it. */
export function tokenFor(key: string, signed: Signed): string {
  return [signed.kid, signed.exp, signed.grant, macOf(key, signed)].join('.')
}

/** Undefined for what has not the shape of a token. */
export function tokenIn(text: string): Token | undefined {
  const [, kid, exp, grant, mac] = shape.exec(text) ?? []
  return mac === undefined ? undefined : { kid: kid!, exp: Number(exp), grant: grant as Grant, mac }
}

/** In constant time: how many characters are right would lead to the right ones. */
export function isSigned(key: string, token: Token, film: { video: string; epoch: number }): boolean {
  return timingSafeEqual(Buffer.from(macOf(key, { ...token, ...film })), Buffer.from(token.mac))
}
