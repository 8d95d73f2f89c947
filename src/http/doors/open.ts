import { BlockList, isIP, isIPv6 } from 'node:net'
import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import type { Database } from '#database/connect.ts'
import { takeAdminKey } from '#keys/admin-key.ts'
import { openKeyring } from '#keys/keyring.ts'
import { countKeys } from '#keys/queries.ts'

interface DoorNeeds {
  db: Database
  config: Pick<Config, 'AUTH' | 'HOST' | 'ADMIN_KEY_FILE' | 'AUTH_PROXY_HEADER'>
  log: Logger
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

/** Decides at the start whether keys are needed. Throws, before the port opens, where strangers would find no door at all. */
export async function openDoor({ db, config, log }: DoorNeeds) {
  const { AUTH, HOST, ADMIN_KEY_FILE, AUTH_PROXY_HEADER } = config
  if (ADMIN_KEY_FILE !== undefined) await takeAdminKey(db.pool, ADMIN_KEY_FILE, log)
  const isLocal = isLoopback(HOST)
  if (AUTH === 'off') {
    log.warn(`AUTH is off: whatever reaches ${HOST} may do everything, without a key`)
  } else if (AUTH_PROXY_HEADER === undefined && !(await countKeys(db.pool)).active) {
    if (!isLocal) throw new Error(sayWhatToType(HOST))
    if (AUTH === 'required')
      log.warn('AUTH is required and there is no key yet: run "darkroom key create --preset admin"')
  }
  // A proxy that asks people who they are is a door already.
  const opensByItself = AUTH === 'auto' && isLocal && AUTH_PROXY_HEADER === undefined
  return openKeyring({
    pool: db.pool,
    opensWithoutKeys: AUTH === 'off' ? 'always' : opensByItself ? 'until the first key' : 'never'
  })
}

export function isLoopback(host: string) {
  if (isIP(host)) return loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')
  return host === 'localhost' || host.endsWith('.localhost')
}

function sayWhatToType(host: string) {
  return (
    `HOST ${host} can be reached from other machines, and there is no key yet: run "darkroom key create --preset admin", ` +
    'set ADMIN_KEY_FILE, or AUTH=off if something in front asks for a password'
  )
}
