import type { IncomingHttpHeaders } from 'node:http'
import { cookieNames } from '#access/cookies.ts'
import { readToken, type Token } from '#access/token.ts'
import { KeyInUrl } from '#errors.ts'

const bearer = /^bearer +(\S+)$/i
// A key gets into the logs of every proxy on the way; so does one that is sent under a usual name.
const keyInUrl = /[?&](?:api[_-]?key|key|access_token)=|dr_[ks]_[\dA-Za-z]{10}_/i

export function refuseKeyInUrl(url: string) {
  if (keyInUrl.test(url) || (url.includes('%') && keyInUrl.test(decoded(url)))) throw new KeyInUrl()
}

function decoded(url: string) {
  try {
    return decodeURIComponent(url)
  } catch {
    return url
  }
}

/** The token of a request; `wrong` where there is something else in its place, undefined where there is nothing. */
export function credentialIn({ authorization, cookie }: IncomingHttpHeaders): Token | 'wrong' | undefined {
  if (authorization !== undefined) {
    const token = readToken(bearer.exec(authorization)?.[1] ?? '')
    return token?.kind === 'k' ? token : 'wrong'
  }
  const session = cookie === undefined ? undefined : sessionIn(cookie)
  if (session === undefined) return undefined
  const token = readToken(session)
  return token?.kind === 's' ? token : 'wrong'
}

/** Other services on the same host name may set cookies, too. */
function sessionIn(cookie: string) {
  for (const name of [cookieNames.secure, cookieNames.local]) {
    const start = `${name}=`
    const found = cookie.split(';').find(each => each.trimStart().startsWith(start))
    if (found) return found.trim().slice(start.length)
  }
  return undefined
}
