import { byCommand } from '#audit/by.ts'
import type { Config } from '#config.ts'
import { revokeKey } from '#keys/acts.ts'
import { print, printJson } from '../screen/print.ts'
import { withKeys } from './with-keys.ts'

export function revokeOne(config: Config, id: string, { json }: { json?: boolean }) {
  return withKeys(config, { mayCreate: false }, async ({ query }) => {
    const key = await query.transaction().execute(trx => revokeKey(trx, id, byCommand()))
    if (json) printJson(key)
    else print(`${key.id} (${key.name}) is revoked`)
  })
}
