import type { Pool } from 'pg'
import { delayedQueue } from '#queue/boss.ts'
import { channels } from '#tasks/channels.ts'

// Ids that fit into one notification.
const batch = 200
// Milliseconds per pass: the worker that runs it has a lease to renew. The next pass continues.
const longestLook = 1_000

/**
 * Delayed tasks that are due and whose queue was removed. Their jobs are deleted: there is no queue to keep them in.
 * This is so rare that the NOTIFY may be inside the transaction.
 */
export const revokeHomelessSql = `
with homeless as materialized (
  select j.id from pgboss.job j
  join darkroom.tasks t on t.id = j.id
  where j.name = '${delayedQueue}' and j.state < 'active' and j.start_after <= now()
    and not exists (select from pgboss.queue q where q.name = t.queue)
  limit ${batch}
  for update of j skip locked
), job as (
  delete from pgboss.job j using homeless where j.name = '${delayedQueue}' and j.id = homeless.id
  returning j.id
), task as (
  update darkroom.tasks t set
    state = 'REVOKED', finished_at = now(),
    error = '{"type": "queue_gone", "message": "Its queue was removed before it ran"}'
  from job
  where t.id = job.id
  returning t.id, t.attempts, t.error
), event as (
  insert into darkroom.events (task_id, state, attempt, error) select id, 'REVOKED', attempts, error from task
)
select count(*)::int as count, pg_notify('${channels.changed}', string_agg(id::text, ',')) from task having count(*) > 0`

/**
 * Tasks whose jobs were deleted with their queue, also if a queue of the same name was created since, as the next start
 * does for the queue of a kind. Delayed tasks are left out, as their queue may exist again when they are due, and so
 * are tasks whose jobs were moved to another queue before. The order is that of the index: Postgres would otherwise
 * read all tasks.
 */
export const revokeJoblessSql = `
with jobless as materialized (
  select t.id from darkroom.task_groups g
  left join pgboss.queue q on q.name = g.queue
  cross join lateral (
    select id from darkroom.tasks t
    where t.state = g.state and t.task = g.task and t.queue = g.queue
      and t.created_at < coalesce(q.created_on, 'infinity')
      and not exists (select from pgboss.queue any_queue join pgboss.job j on j.name = any_queue.name and j.id = t.id)
    order by created_at desc
    limit ${batch}
    for update skip locked
  ) t
  where g.state in ('PENDING', 'STARTED', 'RETRY')
  limit ${batch}
), task as (
  update darkroom.tasks t set
    state = 'REVOKED', finished_at = now(),
    error = '{"type": "queue_gone", "message": "Its queue was removed before it ran"}'
  from jobless
  where t.id = jobless.id
  returning t.id, t.attempts, t.error
), event as (
  insert into darkroom.events (task_id, state, attempt, error) select id, 'REVOKED', attempts, error from task
)
select count(*)::int as count, pg_notify('${channels.changed}', string_agg(id::text, ',')) from task having count(*) > 0`

export async function revokeHomeless(pool: Pool): Promise<number> {
  return revoke(pool, revokeHomelessSql)
}

export async function revokeJobless(pool: Pool): Promise<number> {
  const since = performance.now()
  for (let revoked = 0; ; ) {
    const count = await revoke(pool, revokeJoblessSql)
    revoked += count
    if (count < batch || performance.now() - since > longestLook) return revoked
  }
}

async function revoke(pool: Pool, text: string) {
  const { rows } = await pool.query<{ count: number }>(text)
  return rows[0]?.count ?? 0
}
