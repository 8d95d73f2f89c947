import { byCommand } from '#audit/by.ts'
import type { Config } from '#config.ts'
import { rotateKey } from '#keys/acts.ts'
import { showNew } from './show.ts'
import { withKeys } from './with-keys.ts'

const day = 86_400

export function rotateOne(config: Config, id: string, { overlap = day, json }: { overlap?: number; json?: boolean }) {
  return withKeys(config, { mayCreate: false }, async ({ query }) => {
    showNew(await query.transaction().execute(trx => rotateKey(trx, id, overlap, byCommand())), json)
  })
}
