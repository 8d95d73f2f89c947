import type { Pool } from 'pg'
import { isRunning } from '#tasks/attempts/takers.ts'
import type { Kind, Kinds } from '#tasks/define.ts'
import { isInternal } from '#tasks/internal.ts'

// Sorted, so that processes that start together lock the rows in one order.
export const publishKindsSql = `
insert into darkroom.kinds as known (
  name, description, queue, priority, max_retries, retry_delay, retry_backoff, retry_backoff_max, retry_jitter,
  time_limit, soft_time_limit, stall_limit, result_expires, pool, internal, args
)
select
  name, description, queue, priority, max_retries, retry_delay, retry_backoff, retry_backoff_max, retry_jitter,
  time_limit, soft_time_limit, stall_limit, result_expires, pool, internal, args
from jsonb_populate_recordset(null::darkroom.kinds, $1::jsonb)
order by name
on conflict (name) do update set
  description = excluded.description, queue = excluded.queue, priority = excluded.priority,
  max_retries = excluded.max_retries, retry_delay = excluded.retry_delay, retry_backoff = excluded.retry_backoff,
  retry_backoff_max = excluded.retry_backoff_max, retry_jitter = excluded.retry_jitter,
  time_limit = excluded.time_limit, soft_time_limit = excluded.soft_time_limit, stall_limit = excluded.stall_limit,
  result_expires = excluded.result_expires, pool = excluded.pool, internal = excluded.internal, args = excluded.args,
  updated_at = now()
where (to_jsonb(known) - 'updated_at') <> (to_jsonb(excluded) - 'updated_at')`

// A kind that a running worker knows is kept: during a rolling deploy an API of the version before may start.
export const withdrawKindsSql = `
delete from darkroom.kinds k
where k.name <> all($1) and not exists (
  select from darkroom.workers w where ${isRunning} and k.name = any(w.kinds)
)`

/** Makes the settings of kinds known to SQL, where `ops.enqueue_task` and the views need them. */
export async function publishKinds(pool: Pool, kinds: Kinds, resultExpires: number) {
  await pool.query(publishKindsSql, [JSON.stringify([...kinds.values()].map(kind => rowOf(kind, resultExpires)))])
}

/** Removes kinds that neither this API nor a running worker knows. */
export async function withdrawKinds(pool: Pool, kinds: Kinds) {
  await pool.query(withdrawKindsSql, [[...kinds.keys()]])
}

function rowOf({ run, record, discard, schedules, file, ...kind }: Kind, resultExpires: number) {
  return { ...kind, result_expires: kind.result_expires ?? resultExpires, internal: isInternal(kind.name) }
}
