import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Preset, presets } from '#access/scopes.ts'
import type { Config } from '#config.ts'
import { ProxyNotTrusted } from '#errors.ts'
import { type Holder, isIn, networksOf } from '#keys/holder.ts'

export type ProxySettings = Pick<
  Config,
  | 'AUTH_PROXY_HEADER'
  | 'AUTH_PROXY_SECRET'
  | 'AUTH_PROXY_ROLES'
  | 'AUTH_PROXY_GROUPS_HEADER'
  | 'AUTH_PROXY_GROUP_ROLES'
  | 'TRUSTED_PROXIES'
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
  const { AUTH_PROXY_HEADER, AUTH_PROXY_GROUPS_HEADER } = settings
  if (AUTH_PROXY_HEADER === undefined) return () => undefined
  const header = AUTH_PROXY_HEADER.toLowerCase()
  const groupsHeader = AUTH_PROXY_GROUPS_HEADER?.toLowerCase()
  const { proxies, secret, roleOf } = needsOf(settings)
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
    if (groupsHeader === undefined || headers[groupsHeader] === undefined) return holderOf(name, '')
    if (countOf(rawHeaders, groupsHeader) !== 1) return new ProxyNotTrusted(AUTH_PROXY_GROUPS_HEADER!)
    return holderOf(name, Buffer.from(String(headers[groupsHeader]), 'latin1').toString())
  }

  function holderOf(name: string, groups: string) {
    const who = `${name}\n${groups}`
    const known = remembered.get(who)
    if (known) return known
    const holder = personOf(name, roleOf(name, groups))
    if (remembered.size >= mostRemembered) remembered.clear()
    remembered.set(who, holder)
    return holder
  }
}

/** Checked here and not with each setting: a worker signs in no person and gets no secret of the API. */
function needsOf(settings: ProxySettings) {
  const { AUTH_PROXY_SECRET, AUTH_PROXY_ROLES: roles, TRUSTED_PROXIES } = settings
  const { AUTH_PROXY_GROUPS_HEADER: groupsHeader, AUTH_PROXY_GROUP_ROLES: groupRoles } = settings
  if ((groupsHeader === undefined) !== (groupRoles === undefined)) {
    throw new Error('AUTH_PROXY_GROUPS_HEADER and AUTH_PROXY_GROUP_ROLES need each other')
  }
  const missing = [
    ...(['TRUSTED_PROXIES', 'AUTH_PROXY_SECRET'] as const).filter(name => settings[name] === undefined),
    ...((roles ?? groupRoles) === undefined ? ['AUTH_PROXY_ROLES'] : [])
  ]
  if (missing.length > 0) throw new Error(`AUTH_PROXY_HEADER needs ${missing.join(' and ')}, too`)

  /** That of the person, else of the first of the settings' groups that the person is in, else of all others. */
  function roleOf(name: string, groups: string) {
    const own = roles?.get(name)
    if (own !== undefined) return own
    const ofPerson = new Set(groups.split(',').map(group => group.trim()))
    const ofGroup = [...(groupRoles ?? [])].find(([group]) => ofPerson.has(group))
    return ofGroup?.[1] ?? roles?.get('*')
  }

  return { proxies: networksOf(TRUSTED_PROXIES!), secret: digest(AUTH_PROXY_SECRET!), roleOf }
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
