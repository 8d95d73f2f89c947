import { v7 as uuid } from 'uuid'
import type { Database } from '#database/connect.ts'
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
export async function replay({ pool }: Database, webhook: string, { since, until, all }: Span): Promise<Again> {
  return (await pool.query<Again>(replaySql, [webhook, since, until, all])).rows[0]!
}

/** Sends one message again, whatever became of it; one that is pending is not sent twice. */
export async function replayOne({ pool }: Database, webhook: string, message: string): Promise<Again> {
  const id = message.replace(/^msg_/, '')
  if (!isUuid(id)) return { replayed: 0, continue_since: null }
  return (await pool.query<Again>(replayOneSql, [webhook, id])).rows[0]!
}

/** Sends a message that says nothing; returns its id. */
export async function sendTest({ pool }: Database, webhook: string): Promise<string> {
  if (!isUuid(webhook)) throw new WebhookNotFound(webhook)
  const id = uuid()
  const { rows } = await pool.query<{ enabled: boolean }>(sendTestSql, [webhook, id])
  if (!rows[0]) throw new WebhookNotFound(webhook)
  if (!rows[0].enabled) throw new WebhookDisabled()
  return id
}
