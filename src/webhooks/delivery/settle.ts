import { CompiledQuery } from 'kysely'
import type { Database } from '#database/connect.ts'
import { transact } from '#database/transact.ts'
import type { Told } from './told.ts'

// One whose lease is over was taken by another worker, and matches no row. Numbers of attempts are counted under the lock
// of their message, so none comes twice; to say what happens if it did took 2 µs.
export const settleMessagesSql = `
with told as (
  select * from json_to_recordset($1::json) as told (
    id uuid, at timestamptz, ms int, status int, error text, answer text, address text, delivered boolean, delay float8
  )
), message as (
  update darkroom.webhook_messages m set
    attempts = m.attempts + 1, tries = m.tries + 1, lease = null, leased_until = null,
    next_at = now() + told.delay * interval '1 second',
    delivered_at = case when told.delivered then now() end
  from told where m.id = any(array[told.id]) and m.lease = $2
  returning m.id, m.attempts, told.at, told.ms, told.status, told.error, told.answer, told.address
)
insert into darkroom.webhook_attempts (message_id, number, at, ms, status, error, answer, address)
select id, attempts, at, ms, status, error, answer, address from message`

// Five days of nothing but failures, ten at least.
export const judgeWebhooksSql = `
with judged as (
  select * from jsonb_to_recordset($1::jsonb) as judged (id uuid, failures int, succeeded boolean, gone boolean)
), counted as (
  select
    w.id, judged.succeeded, judged.gone,
    case when succeeded then 0 else w.failures + judged.failures end as failures,
    case when not succeeded then coalesce(w.failing_since, now()) end as failing_since
  from judged join darkroom.webhooks w on w.id = any(array[judged.id]) and w.enabled
  for update of w
)
update darkroom.webhooks w set
  failures = counted.failures,
  failing_since = counted.failing_since,
  enabled = reason.why is null,
  disabled_reason = reason.why,
  disabled_at = case when reason.why is not null then now() end
from counted cross join lateral (
  select case
    when counted.gone then 'gone'
    when counted.failures >= 10 and counted.failing_since <= now() - interval '5 days' then 'failing'
  end
) reason (why)
where w.id = any(array[counted.id])
returning w.id, w.disabled_reason`

export interface Disabled {
  id: string
  disabled_reason: 'gone' | 'failing' | null
}

/** Writes how attempts ended, and what they say about their webhooks; returns those that are disabled by it. */
export async function settleMessages(db: Database, lease: string, told: Told[]): Promise<Disabled[]> {
  const judged = [...Map.groupBy(told, ({ webhook_id }) => webhook_id)]
    .map(([id, all]) => ({
      id,
      failures: all.filter(({ delivered }) => !delivered).length,
      succeeded: all.some(({ delivered }) => delivered),
      gone: all.some(({ gone }) => gone),
      failing: all.some(({ failing }) => failing)
    }))
    // A webhook that works is not written.
    .filter(({ failures, failing }) => failures > 0 || failing)
    // Two workers that write the same ones lock them in the same order.
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
  const outcomes = told.map(({ webhook_id, gone, failing, ...outcome }) => outcome)
  const values = [JSON.stringify(outcomes), lease]
  if (judged.length === 0) {
    await db.pool.query({ name: 'settle messages', text: settleMessagesSql, values })
    return []
  }
  return transact(db, async trx => {
    await trx.executeQuery(CompiledQuery.raw(settleMessagesSql, values))
    const { rows } = await trx.executeQuery<Disabled>(CompiledQuery.raw(judgeWebhooksSql, [JSON.stringify(judged)]))
    return rows.filter(({ disabled_reason }) => disabled_reason !== null)
  })
}
