import { CompiledQuery } from 'kysely'
import type { Pool } from 'pg'
import type { InTransaction } from '#database/connect.ts'
import { delayedQueue } from '#queue/boss.ts'
import { forTasks } from '#queue/names.ts'
import { revoking } from '#tasks/steer/revoke.ts'

export interface QueueRow {
  name: string
  depth: number
  oldest_age: number | null
  running: number
  paused: boolean
  per_minute: { created: number; finished: number }
}

// What waits is read once, from pg-boss's fetch index alone. The oldest is not the one that was created first: a retry
// or a countdown waits from when its time has come.
const text = `
select
  q.name,
  waiting.depth,
  waiting.oldest_age,
  (select count(*)::int from pgboss.job j where j.name = q.name and state = 'active') as running,
  coalesce(d.paused_at is not null, false) as paused,
  json_build_object(
    'created', (
      select count(*) from pgboss.job j where j.name = q.name and created_on > now() - interval '1 minute'
    ),
    'finished', (
      select count(*) from pgboss.job j
      where j.name = q.name and completed_on > now() - interval '1 minute' and state > 'active'
    )
  ) as per_minute
from pgboss.queue q
left join darkroom.queues d on d.name = q.name
cross join lateral (
  select
    count(*)::int as depth,
    extract(epoch from now() - min(greatest(j.created_on, j.start_after)))::float8 as oldest_age
  from pgboss.job j
  where j.name = q.name and state < 'active' and not blocked
) waiting
where ${forTasks}
order by q.name`

export async function listQueues(pool: Pool): Promise<QueueRow[]> {
  return (await pool.query<QueueRow>(text)).rows
}

export async function queueExists(pool: Pool, name: string): Promise<boolean> {
  // No queue has a NUL in its name, and Postgres would not even look for it.
  if (name.includes('\0')) return false
  const { rowCount } = await pool.query(`select from pgboss.queue q where q.name = $1 and ${forTasks}`, [name])
  return rowCount === 1
}

/** False when there is no such queue. */
export async function setPaused(pool: Pool, name: string, paused: boolean): Promise<boolean> {
  const { rowCount } = await pool.query(
    `insert into darkroom.queues (name, paused_at)
    select q.name, case when $2 then now() end from pgboss.queue q where q.name = $1 and ${forTasks}
    on conflict (name) do update set paused_at = case when $2 then coalesce(queues.paused_at, now()) end`,
    [name, paused]
  )
  return rowCount === 1
}

/**
 * Revokes up to so many tasks that wait in a queue, for a worker or for their time. One that is being taken at this
 * moment is passed over: it does not wait any more.
 */
export async function revokeWaiting(trx: InTransaction, queue: string, most: number): Promise<string[]> {
  const { rows } = await trx.executeQuery<{ id: string }>(CompiledQuery.raw(purgeText, [queue, most]))
  return rows.map(({ id }) => id)
}

const purgeText = `
with waiting as materialized (
  select j.name, j.id from pgboss.job j
  join darkroom.tasks t on t.id = j.id
  where j.name in ($1, '${delayedQueue}') and j.state < 'active' and t.queue = $1
  limit $2
  for update of j skip locked
), job as (
  update pgboss.job j set name = $1, state = 'cancelled', completed_on = now()
  from waiting
  where j.name = waiting.name and j.id = waiting.id
  returning j.id
), ${revoking('purged', 'Its queue was purged before it ran')}
select id from task`
