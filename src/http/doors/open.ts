import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import type { Database } from '#database/connect.ts'
import { takeAdminKey } from '#keys/admin-key.ts'
import { openKeyring } from '#keys/keyring.ts'
import { countKeys } from '#keys/queries.ts'
import { isLoopback } from '#outbound/addresses.ts'

interface DoorNeeds {
  db: Database
  config: Pick<Config, 'AUTH' | 'HOST' | 'ADMIN_KEY_FILE' | 'AUTH_PROXY_HEADER' | 'PUBLIC_URL'>
  log: Logger
}

/** Decides at the start whether keys are needed. Throws, before the port opens, where strangers would find no door at all. */
export async function openDoor({ db, config, log }: DoorNeeds) {
  const { AUTH, HOST, ADMIN_KEY_FILE, AUTH_PROXY_HEADER, PUBLIC_URL } = config
  if (ADMIN_KEY_FILE !== undefined) await takeAdminKey(db.pool, ADMIN_KEY_FILE, log)
  const isLocal = isLoopback(HOST)
  if (AUTH === 'off') {
    log.warn(`AUTH is off: whatever reaches ${HOST} may do everything, without a key`)
  } else if (AUTH_PROXY_HEADER === undefined && !(await countKeys(db.pool)).active) {
    if (!isLocal) throw new Error(sayWhatToType(HOST))
    if (AUTH === 'required')
      log.warn('AUTH is required and there is no key yet: run "darkroom key create --preset admin"')
    else if (PUBLIC_URL !== undefined && !isLoopback(new URL(PUBLIC_URL).hostname)) log.warn(warnOfProxy(PUBLIC_URL))
  }
  // A proxy that asks people who they are is a door already.
  const opensByItself = AUTH === 'auto' && isLocal && AUTH_PROXY_HEADER === undefined
  return openKeyring({
    pool: db.pool,
    opensWithoutKeys: AUTH === 'off' ? 'always' : opensByItself ? 'until the first key' : 'never'
  })
}

function warnOfProxy(url: string) {
  return (
    `PUBLIC_URL is ${url}, and there is no key: what a proxy sends for a public address is refused, if it says so as in ` +
    'X-Forwarded-For, and all else may do everything; run "darkroom key create --preset admin", or set AUTH=off if the ' +
    'proxy asks for a password'
  )
}

function sayWhatToType(host: string) {
  return (
    `HOST ${host} can be reached from other machines, and there is no key yet: run "darkroom key create --preset admin", ` +
    'set ADMIN_KEY_FILE, or AUTH=off if something in front asks for a password'
  )
}
