import { sql } from 'kysely'
import { type By, recordAct } from '#audit/record.ts'
import type { InTransaction } from '#database/connect.ts'
import { WebhookNotFound } from '#errors.ts'
import { isUuid } from '#schema/common.ts'
import { seal } from '#secrets/at-rest.ts'
import { shown, type WebhookRow } from './queries.ts'
import type { WebhookPatch } from './schemas.ts'
import { newSecret, secretText } from './secret.ts'

/** Only what is given changes. */
export async function editWebhook(trx: InTransaction, id: string, patch: WebhookPatch, by: By) {
  if (!isUuid(id)) throw new WebhookNotFound(id)
  const { enabled, ...changes } = patch
  const row: WebhookRow | undefined = await trx
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
  await recordAct(trx, by, 'webhook.edit', { type: 'webhook', id }, { fields: Object.keys(patch) })
  return row
}

const fresh = { enabled: true, disabled_reason: null, disabled_at: null, failures: 0, failing_since: null }

/** A new secret; for so many seconds messages are signed with both. */
export async function rotateSecret(trx: InTransaction, key: Buffer, id: string, overlap: number, by: By) {
  if (!isUuid(id)) throw new WebhookNotFound(id)
  const secret = newSecret()
  const row: WebhookRow | undefined = await trx
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
  await recordAct(trx, by, 'webhook.rotate', { type: 'webhook', id }, { overlap })
  return { row, secret: secretText(secret) }
}

/** Its messages are not sent any more; `expire_deliveries` removes them. */
export async function removeWebhook(trx: InTransaction, id: string, by: By) {
  const deleted = isUuid(id) ? await trx.deleteFrom('webhooks').where('id', '=', id).executeTakeFirst() : undefined
  if (!deleted?.numDeletedRows) throw new WebhookNotFound(id)
  await recordAct(trx, by, 'webhook.remove', { type: 'webhook', id })
}
