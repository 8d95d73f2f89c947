import type { Pool } from 'pg'
import { delayedQueue } from '#queue/boss.ts'
import { channels } from './channels.ts'

// As many ids as surely fit into one announcement.
const batch = 200

/**
 * Revokes delayed tasks whose time has come and whose queue is not there any more. Their jobs go with them: there is
 * no queue that they could be kept in. This happens so rarely that it may announce itself, inside its transaction.
 */
const text = `
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

export async function revokeHomeless(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(text)
  return rows[0]?.count ?? 0
}
