import type { Pool } from 'pg'
import { delayedQueue } from '#queue/boss.ts'

/**
 * Revokes tasks that are past their start deadline and still wait, for a free worker or for their own time. Deadlines
 * have a table of their own, and are deleted from it when they have passed: only due ones are read. The job's row lock
 * decides between this statement and a worker that claims the task. As in a cancellation the job of a delayed task
 * moves to the task's queue, or is deleted if that queue is gone.
 */
export const expireSql = `
with due as (
  delete from darkroom.deadlines d
  using (
    select expires_at, task_id from darkroom.deadlines where expires_at <= now()
    order by expires_at, task_id limit 500 for update skip locked
  ) next
  where d.expires_at = next.expires_at and d.task_id = next.task_id
  returning d.task_id
), late as materialized (
  select j.name, j.id, t.queue
  from due
  join darkroom.tasks t on t.id = due.task_id
  join pgboss.job j on j.id = t.id and j.name in (t.queue, '${delayedQueue}') and j.state < 'active'
  where t.started_at is null and t.finished_at is null and t.expires_at <= now()
  for update of j
), home as (
  update pgboss.job j set name = late.queue, state = 'cancelled', completed_on = now()
  from late
  where j.name = late.name and j.id = late.id and exists (select from pgboss.queue q where q.name = late.queue)
  returning j.id
), homeless as (
  delete from pgboss.job j using late
  where j.name = late.name and j.id = late.id and not exists (select from pgboss.queue q where q.name = late.queue)
  returning j.id
), job as (
  select id from home union all select id from homeless
), task as (
  update darkroom.tasks t set
    state = 'REVOKED', finished_at = now(), error = '{"type": "expired", "message": "It did not start in time"}'
  from job
  where t.id = job.id
  returning t.id, t.attempts, t.error
), event as (
  insert into darkroom.events (task_id, state, attempt, error) select id, 'REVOKED', attempts, error from task
)
select
  (select coalesce(array_agg(id), '{}') from task) as revoked,
  (select count(*)::int from due) as come,
  (
    select extract(epoch from min(expires_at) - now())::float8 from darkroom.deadlines
    where task_id not in (select task_id from due)
  ) as next`

export interface Expired {
  revoked: string[]
  /** Deadlines that have passed, whether or not their tasks were revoked. */
  come: number
  /** Seconds until the next deadline; null if there is none. */
  next: number | null
}

export async function expire(pool: Pool): Promise<Expired> {
  const { rows } = await pool.query<Expired>({ name: 'expire', text: expireSql })
  return rows[0]!
}
