import { byCommand } from '#audit/by.ts'
import type { Config } from '#config.ts'
import { createKey } from '#keys/acts.ts'
import { NewKey } from '#keys/schemas.ts'
import { checkOf } from '#schema/check.ts'
import { WrongUse } from '../failures.ts'
import { showNew } from './show.ts'
import { withKeys } from './with-keys.ts'

interface Said {
  preset?: string
  scopes?: string[]
  name?: string
  limits?: Record<string, unknown>
  expires?: number
  json?: boolean
}

export function createOne(config: Config, { json, expires, ...said }: Said) {
  const asked = {
    ...said,
    name: said.name ?? said.preset ?? 'key',
    ...(expires !== undefined && { expires_at: new Date(Date.now() + expires * 86_400_000).toISOString() })
  }
  const problems = checkOf(NewKey)(asked)
  if (problems.length > 0) throw new WrongUse(problems.map(({ field, message }) => `${field} ${message}`).join('; '))
  return withKeys(config, { mayCreate: true }, async ({ query }) => {
    showNew(await query.transaction().execute(trx => createKey(trx, asked as NewKey, byCommand())), json)
  })
}
