import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Preset, presets } from '#access/scopes.ts'
import type { Config } from '#config.ts'
import { ProxyNotTrusted } from '#errors.ts'
import { type Holder, isIn, networksOf } from '#keys/holder.ts'

export type ProxySettings = Pick<
  Config,
  'AUTH_PROXY_HEADER' | 'AUTH_PROXY_SECRET' | 'AUTH_PROXY_ROLES' | 'TRUSTED_PROXIES'
>
export type ProxySignIn = (
  request: Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'socket'>
) => Holder | Error | undefined

/** The header in which the proxy proves itself. */
export const secretHeader = 'darkroom-proxy-secret'

const wellFormed = /^[^\p{Cc}\p{Cs}]{1,100}$/u
const mostRemembered = 1_000

/**
 * People whom a proxy in front has signed in, by the header with which it names them; undefined for requests without it.
 * The header is believed with the proxy's address and its secret together: alone the address would be that of every
 * program on the proxy's machine, and the header is one that any client can send.
 */
export function proxySignIn(settings: ProxySettings): ProxySignIn {
  const { AUTH_PROXY_HEADER } = settings
  if (AUTH_PROXY_HEADER === undefined) return () => undefined
  const header = AUTH_PROXY_HEADER.toLowerCase()
  const { proxies, secret, roles } = needsOf(settings)
  const remembered = new Map<string, Holder>()

  return ({ headers, rawHeaders, socket }) => {
    const said = headers[header]
    if (said === undefined) return undefined
    const given = headers[secretHeader]
    if (!isIn(proxies, socket.remoteAddress ?? '') || !timingSafeEqual(digest(String(given)), secret)) {
      return new ProxyNotTrusted(AUTH_PROXY_HEADER)
    }
    // Node joins headers of the same name: one of them could be the client's own.
    if (countOf(rawHeaders, header) !== 1) return new ProxyNotTrusted(AUTH_PROXY_HEADER)
    const name = Buffer.from(String(said), 'latin1').toString().trim()
    if (!wellFormed.test(name)) return new ProxyNotTrusted(AUTH_PROXY_HEADER)
    return remembered.get(name) ?? remember(name)
  }

  function remember(name: string) {
    const holder = personOf(name, roles.get(name) ?? roles.get('*'))
    if (remembered.size >= mostRemembered) remembered.clear()
    remembered.set(name, holder)
    return holder
  }
}

/** Checked here and not with each setting: a worker signs in no person and gets no secret of the API. */
function needsOf(settings: ProxySettings) {
  const { AUTH_PROXY_SECRET, AUTH_PROXY_ROLES, TRUSTED_PROXIES } = settings
  const missing = (['TRUSTED_PROXIES', 'AUTH_PROXY_SECRET', 'AUTH_PROXY_ROLES'] as const).filter(
    name => settings[name] === undefined
  )
  if (missing.length > 0) throw new Error(`AUTH_PROXY_HEADER needs ${missing.join(' and ')}, too`)
  return { proxies: networksOf(TRUSTED_PROXIES!), secret: digest(AUTH_PROXY_SECRET!), roles: AUTH_PROXY_ROLES! }
}

/** Without a role a person is known, and may do nothing. */
function personOf(name: string, role: Preset | undefined): Holder {
  const { scopes = [], own = false } = role === undefined ? {} : presets[role]
  // No key has an id with a colon.
  const id = `proxy:${name}`
  return {
    kind: 'proxy',
    ...{ id, name, scopes, limits: own ? { own } : {}, ownOnly: own },
    session: undefined,
    owner: own ? id : undefined,
    networks: undefined
  }
}

function countOf(rawHeaders: string[], header: string) {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]!.toLowerCase() === header) count++
  return count
}

function digest(text: string) {
  return hash('sha256', text, 'buffer')
}
