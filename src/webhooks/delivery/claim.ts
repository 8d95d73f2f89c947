import type { Pool } from 'pg'
import type { MessageType } from '#database/tables.ts'

/** Seconds. After that another worker may take a message over: longer than one waits its turn and is sent. */
export const leaseLength = 60

/**
 * Messages that are due, of each webhook as many as this worker has slots for. Of an ordered webhook only the first of
 * each subject. Until `leased_until` no other worker takes them, so that those of a killed worker are taken over by
 * themselves. No column of an index changes: the row gets its new version on the same page, and no index is written.
 */
export const claimMessagesSql = `
with place as (
  select
    w.id, w.url, w.secret::text as secret, w.failing_since is not null as failing,
    case when w.old_secret_until > now() then w.old_secret::text end as old_secret,
    'result' = any(w.include) as wants_result, coalesce(room.slots, $3::int) as slots
  from darkroom.webhooks w
  left join unnest($1::uuid[], $2::int[]) as room (id, slots) on room.id = w.id
  where w.enabled and coalesce(room.slots, $3) > 0
), due as materialized (
  select m.row, place.url, place.secret, place.old_secret, place.failing, place.wants_result
  from place cross join lateral (
    select m.ctid as row from darkroom.webhook_messages m
    where m.webhook_id = place.id and m.next_at <= now() and (m.leased_until is null or m.leased_until <= now())
      and ($6::text[] is null or m.type = any($6))
      and (m.subject is null or not exists (
        select from darkroom.webhook_messages before
        where before.webhook_id = m.webhook_id and before.subject = m.subject and before.next_at is not null
          and before.sequence < m.sequence
      ))
    order by m.next_at, m.sequence limit place.slots for update of m skip locked
  ) m
  limit $4
), message as (
  update darkroom.webhook_messages m set lease = $5, leased_until = now() + interval '${leaseLength} seconds'
  from due where m.ctid = due.row
  returning m.id, m.webhook_id, m.sequence, m.type, m.task_id, m.video_id, m.data::text, m.tries,
    to_char(m.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at, m.subject is not null as ordered,
    due.url, due.secret, due.old_secret, due.failing,
    case when due.wants_result and m.type = 'task.completed' then (
      select jsonb_build_object('value', j.output) from pgboss.job j
      where j.name = m.data ->> 'queue' and j.id >= m.task_id and j.id <= m.task_id
        and j.state = 'completed' and j.completed_on + j.deletion_seconds * interval '1 second' > now()
      limit 1
    ) end as result,
    m.traceparent
)
select * from message order by sequence`

// Those that are due already are taken by this look, or by the one after the next delivery has ended; those of a killed
// worker by one of the looks that come without a reason.
export const nextDueSql = `
select min(next.seconds) as next from darkroom.webhooks w cross join lateral (
  select extract(epoch from m.next_at - now())::float8 as seconds from darkroom.webhook_messages m
  where m.webhook_id = w.id and m.next_at > now() order by m.next_at limit 1
) next
where w.enabled`

export const giveMessagesBackSql = `
update darkroom.webhook_messages m set lease = null, leased_until = null
from unnest($1::uuid[]) held (id) where m.id = any(array[held.id]) and m.lease = $2`

export interface Message {
  id: string
  webhook_id: string
  sequence: number
  type: MessageType
  task_id: string | null
  video_id: string | null
  /** JSON of an object. */
  data: string
  /** As in its body. */
  created_at: string
  tries: number
  /** The next one about its task or film waits for it. */
  ordered: boolean
  url: string
  /** As Postgres writes bytes; `secretsOpener` opens it. */
  secret: string
  old_secret: string | null
  /** The webhook has failed since its last success. */
  failing: boolean
  result: { value: unknown } | null
  /** Place of its task in a trace. */
  traceparent: string | null
}

/** What a claim may take. */
export interface Room {
  /** Free slots of webhooks that this worker knows; of others as many as `usual`. */
  slots: Map<string, number>
  usual: number
  most: number
}

interface ClaimOptions extends Room {
  lease: string
  /** Only these; undefined for all. */
  types: readonly MessageType[] | undefined
}

export async function claimMessages(pool: Pool, { lease, slots, usual, most, types }: ClaimOptions) {
  const values = [[...slots.keys()], [...slots.values()], usual, most, lease, types ?? null]
  return (await pool.query<Message>({ name: 'claim messages', text: claimMessagesSql, values })).rows
}

/** Seconds until a message becomes due that is not due yet; null where there is none. */
export async function nextDue(pool: Pool): Promise<number | null> {
  return (await pool.query<{ next: number | null }>({ name: 'next message', text: nextDueSql, values: [] })).rows[0]!
    .next
}

export async function giveMessagesBack(pool: Pool, ids: string[], lease: string) {
  if (ids.length > 0) await pool.query(giveMessagesBackSql, [ids, lease])
}
