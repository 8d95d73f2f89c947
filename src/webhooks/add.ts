import { v7 as uuid } from 'uuid'
import type { InTransaction } from '#database/connect.ts'
import type { Guard } from '#outbound/guard.ts'
import { refuse } from '#schema/check.ts'
import { seal } from '#secrets/at-rest.ts'
import { shown } from './queries.ts'
import { type NewWebhook, usualTypes } from './schemas.ts'
import { newSecret, secretText } from './secret.ts'

/** Writes a webhook in the caller's transaction, and returns it with its secret. */
export async function addWebhook(
  trx: InTransaction,
  key: Buffer,
  { types = [...usualTypes], include = [], ...body }: NewWebhook
) {
  const [id, secret] = [uuid(), newSecret()]
  const row = await trx
    .insertInto('webhooks')
    .values({ ...body, id, types, include, secret: seal(key, secret, id) })
    .returning(shown)
    .executeTakeFirstOrThrow()
  return { row, secret: secretText(secret) }
}

/** Refuses an address that messages may not be sent to. The check at each attempt decides; this one is for people. */
export async function checkUrl(guard: Guard, url: string) {
  const problem = guard.problemOf(url)
  if (problem !== undefined) throw refuse([{ field: 'url', message: problem }])
  if (await guard.isRefused(url)) {
    throw refuse([
      { field: 'url', message: 'must lead to a public address, or to one that WEBHOOK_ALLOW_NETWORKS opens' }
    ])
  }
}
