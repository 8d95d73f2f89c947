import { CompiledQuery } from 'kysely'
import { v7 as uuid } from 'uuid'
import { type By, recordAct } from '#audit/record.ts'
import type { InTransaction } from '#database/connect.ts'
import { WebhookDisabled, WebhookNotFound } from '#errors.ts'
import { isUuid } from '#schema/common.ts'

/** Messages that one replay sends at most: a longer one would hold its locks for seconds. */
const most = 10_000

// A message that is pending already keeps its place.
export const replaySql = `
with wanted as (
  select m.id, m.created_at from darkroom.webhook_messages m
  where m.webhook_id = $1 and m.created_at >= $2 and m.created_at < coalesce($3::timestamptz, now())
    and m.next_at is null and ($4 or m.delivered_at is null)
  order by m.created_at, m.id limit ${most} for update of m skip locked
), again as (
  update darkroom.webhook_messages m set next_at = now(), tries = 0, delivered_at = null
  from wanted where m.id = any(array[wanted.id])
  returning m.created_at
)
select
  count(*)::int as replayed, case when count(*) = ${most} then max(created_at) end as continue_since,
  pg_notify('darkroom_webhooks', '') as woken
from again`

export const replayOneSql = `
with again as (
  update darkroom.webhook_messages m set next_at = now(), tries = 0, delivered_at = null
  where m.webhook_id = $1 and m.id = $2 and m.next_at is null
  returning m.id
)
select count(*)::int as replayed, null::timestamptz as continue_since, pg_notify('darkroom_webhooks', '') as woken
from again`

export const sendTestSql = `
with message as (
  insert into darkroom.webhook_messages (id, webhook_id, type, data)
  select $2, w.id, 'webhook.test', jsonb_build_object('id', w.id, 'message', 'This is a test') from darkroom.webhooks w
  where w.id = $1 and w.enabled
  returning id
)
select w.enabled, (select count(pg_notify('darkroom_webhooks', '')) from message) as woken
from darkroom.webhooks w where w.id = $1`

interface Again {
  replayed: number
  continue_since: Date | null
}

interface Span {
  since: string
  until?: string
  all: boolean
}

/** Sends messages of a time again, under their ids; oldest first. */
export async function replay(trx: InTransaction, webhook: string, { since, until, all }: Span, by: By): Promise<Again> {
  return record(trx, { text: replaySql, values: [webhook, since, until, all] }, by, { since, until, all })
}

/** Sends one message again, whatever became of it; one that is pending is not sent twice. */
export async function replayOne(trx: InTransaction, webhook: string, message: string, by: By): Promise<Again> {
  const id = message.replace(/^msg_/, '')
  if (!isUuid(id)) return { replayed: 0, continue_since: null }
  return record(trx, { text: replayOneSql, values: [webhook, id] }, by, { message })
}

async function record(
  trx: InTransaction,
  { text, values }: { text: string; values: unknown[] },
  by: By,
  detail: object
) {
  const again = (await trx.executeQuery<Again>(CompiledQuery.raw(text, values))).rows[0]!
  const target = { type: 'webhook', id: values[0] as string }
  await recordAct(trx, by, 'webhook.replay', target, { ...detail, count: again.replayed })
  return again
}

/** Sends a message that says nothing; returns its id. */
export async function sendTest(trx: InTransaction, webhook: string, by: By): Promise<string> {
  if (!isUuid(webhook)) throw new WebhookNotFound(webhook)
  const id = uuid()
  const { rows } = await trx.executeQuery<{ enabled: boolean }>(CompiledQuery.raw(sendTestSql, [webhook, id]))
  if (!rows[0]) throw new WebhookNotFound(webhook)
  if (!rows[0].enabled) throw new WebhookDisabled()
  await recordAct(trx, by, 'webhook.test', { type: 'webhook', id: webhook })
  return id
}
