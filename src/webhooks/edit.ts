import { sql } from 'kysely'
import type { Database } from '#database/connect.ts'
import { WebhookNotFound } from '#errors.ts'
import { isUuid } from '#schema/common.ts'
import { seal } from '#secrets/at-rest.ts'
import { shown, type WebhookRow } from './queries.ts'
import type { WebhookPatch } from './schemas.ts'
import { newSecret, secretText } from './secret.ts'

/** Only what is given changes. */
export async function editWebhook({ query }: Database, id: string, { enabled, ...changes }: WebhookPatch) {
  if (!isUuid(id)) throw new WebhookNotFound(id)
  const row: WebhookRow | undefined = await query
    .updateTable('webhooks')
    .set({ ...changes, updated_at: sql<Date>`now()`, ...(enabled === true && fresh) })
    .$if(enabled === false, update =>
      // One that was disabled for a reason keeps that reason.
      update.set({
        enabled: false,
        disabled_reason: sql`coalesce(disabled_reason, 'request')`,
        disabled_at: sql`coalesce(disabled_at, now())`
      })
    )
    .where('id', '=', id)
    .returning(shown)
    .executeTakeFirst()
  if (!row) throw new WebhookNotFound(id)
  return row
}

const fresh = { enabled: true, disabled_reason: null, disabled_at: null, failures: 0, failing_since: null }

/** A new secret; for so many seconds messages are signed with both. */
export async function rotateSecret({ query }: Database, key: Buffer, id: string, overlap: number) {
  if (!isUuid(id)) throw new WebhookNotFound(id)
  const secret = newSecret()
  const row: WebhookRow | undefined = await query
    .updateTable('webhooks')
    .set({
      secret: seal(key, secret, id),
      old_secret: overlap > 0 ? sql<Buffer>`secret` : null,
      old_secret_until: overlap > 0 ? sql<Date>`now() + ${overlap}::float8 * interval '1 second'` : null,
      updated_at: sql<Date>`now()`
    })
    .where('id', '=', id)
    .returning(shown)
    .executeTakeFirst()
  if (!row) throw new WebhookNotFound(id)
  return { row, secret: secretText(secret) }
}

/** Its messages are not sent any more; `expire_deliveries` removes them. */
export async function removeWebhook({ query }: Database, id: string) {
  const deleted = isUuid(id) ? await query.deleteFrom('webhooks').where('id', '=', id).executeTakeFirst() : undefined
  if (!deleted?.numDeletedRows) throw new WebhookNotFound(id)
}
