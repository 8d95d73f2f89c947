import { CompiledQuery } from 'kysely'
import type { Pool } from 'pg'
import type { InTransaction } from '#database/connect.ts'
import { delayedQueue, turnsQueue } from '#queue/boss.ts'
import { forTasks } from '#queue/names.ts'
import { waiting } from '#queue/waiting.ts'
import { inHand } from '#tasks/attempts/in-hand.ts'
import { takesTasks } from '#tasks/attempts/takers.ts'

export interface QueueRow {
  name: string
  depth: number
  oldest_age: number | null
  running: number
  workers: number
  paused: boolean
  paused_at: Date | null
  paused_by: string | null
  reason: string | null
  until: Date | null
  pickup_p95: number | null
  per_minute: { created: number; finished: number }
}

export const listQueuesSql = `
with ${inHand}
select
  q.name,
  waiting.depth,
  waiting.oldest as oldest_age,
  (select count(*)::int from in_hand where in_hand.queue = q.name and not ahead) as running,
  (select count(*)::int from darkroom.workers w where ${takesTasks} and q.name = any(w.queues)) as workers,
  d.name is not null as paused,
  d.paused_at,
  d.paused_by,
  d.reason,
  d.until,
  (
    select darkroom.percentile_of(darkroom.sum_hists(m.wait_hist), 0.95) from darkroom.minutes m
    where m.minute > now() - interval '15 minutes' and m.queue = q.name
  ) as pickup_p95,
  json_build_object(
    'created', (
      select count(*) from pgboss.job j
      where q.name <> '${turnsQueue}' and j.name = q.name and j.created_on > now() - interval '1 minute'
    ) + (
      select count(*) from darkroom.task_groups g join darkroom.tasks t using (state, task, queue)
      where q.name = '${turnsQueue}' and g.queue = '${turnsQueue}' and t.created_at > now() - interval '1 minute'
    ),
    'finished', (
      select count(*) from pgboss.job j
      where j.name = q.name and completed_on > now() - interval '1 minute' and state > 'active'
    )
  ) as per_minute
from pgboss.queue q
left join darkroom.paused_queues d on d.name = q.name
${waiting}
where ${forTasks}
order by q.name`

export async function listQueues(pool: Pool): Promise<QueueRow[]> {
  return (await pool.query<QueueRow>(listQueuesSql)).rows
}

export async function queueExists(pool: Pool, name: string): Promise<boolean> {
  // Postgres refuses a parameter with a NUL, and no queue name has one.
  if (name.includes('\0')) return false
  const { rowCount } = await pool.query(`select from pgboss.queue q where q.name = $1 and ${forTasks}`, [name])
  return rowCount === 1
}

export interface Pause {
  by: string | null
  reason: string | null
  until: string | null
}

export const requestPauseSql = `
select darkroom.request_pause($1, $2, $3, $4)`

/** Pauses an existing queue; one that is paused already keeps its time. */
export async function pauseQueue(trx: InTransaction, name: string, { by, reason, until }: Pause) {
  await trx.executeQuery(CompiledQuery.raw(requestPauseSql, [name, by, reason, until]))
}

export async function resumeQueue(trx: InTransaction, name: string) {
  await trx.deleteFrom('queues').where('name', '=', name).execute()
}

/** Tasks of a queue that have not started. */
export async function countWaiting(trx: InTransaction, name: string): Promise<number> {
  const { rows } = await trx.executeQuery<{ count: number }>(CompiledQuery.raw(countWaitingSql, [name]))
  return rows[0]!.count
}

export const countWaitingSql = `
select count(*)::int as count from darkroom.task_groups g
join darkroom.tasks t on t.state = g.state and t.task = g.task and t.queue = g.queue
where g.queue = $1 and g.state in ('PENDING', 'RETRY')`

/**
 * Revokes up to `most` waiting or delayed tasks of a queue. A task that a worker is claiming at this moment is skipped:
 * it no longer waits.
 */
export async function revokeWaiting(trx: InTransaction, queue: string, most: number): Promise<string[]> {
  const { rows } = await trx.executeQuery<{ id: string }>(CompiledQuery.raw(purgeQueueSql, [queue, most]))
  return rows.map(({ id }) => id)
}

export const purgeQueueSql = `
with waiting as materialized (
  select j.name, j.id from darkroom.task_groups g
  join darkroom.tasks t on t.state = g.state and t.task = g.task and t.queue = g.queue
  join pgboss.job j on j.id = t.id and j.name in ($1, '${delayedQueue}') and j.state < 'active'
  where g.queue = $1 and g.state in ('PENDING', 'RETRY')
  limit $2
  for update of j skip locked
), job as (
  update pgboss.job j set name = $1, state = 'cancelled', completed_on = now()
  from waiting
  where j.name = waiting.name and j.id = waiting.id
  returning j.id
), task as (
  update darkroom.tasks t set
    state = 'REVOKED', finished_at = now(),
    error = '{"type": "purged", "message": "Its queue was purged before it ran"}'
  from job
  where t.id = job.id
  returning t.id, t.attempts, t.error
), event as (
  insert into darkroom.events (task_id, state, attempt, error) select id, 'REVOKED', attempts, error from task
)
select id from task`
