import type { Pool } from 'pg'
import { channels } from '#tasks/channels.ts'

// Unfinished tasks of one state, kind and queue that one pass covers. A million take three hours.
const page = 1_000
// Ids that fit into one notification.
const most = 200

/**
 * True where the state of the job agrees with task `t`, in whatever queue the job is. Both change in one transaction,
 * so a snapshot sees them disagree only where a statement has changed the job alone.
 */
const together = `exists (
  select from pgboss.queue q join pgboss.job j on j.name = q.name and j.id = t.id
  where case
    when t.state = 'STARTED' then j.state = 'active' and j.retry_count = t.attempts - 1
    else j.state < 'active'
  end
)`

// One page of each state, kind and queue, from the oldest task on. The next pass starts at the end of the first of
// those pages that had more tasks behind them.
export const findAstraySql = `
with looked as (
  select t.* from darkroom.task_groups kinds
  cross join lateral (
    select t.id, t.state, t.attempts, t.created_at, ${together} as fine,
      row_number() over (order by t.created_at, t.id) = ${page} as full_page
    from (
      select id, state, attempts, created_at from darkroom.tasks t
      where t.state = kinds.state and t.task = kinds.task and t.queue = kinds.queue
        and (t.created_at, t.id) > ($1::timestamptz, $2::uuid)
      order by created_at, id limit ${page}
    ) t
  ) t
  where kinds.state in ('PENDING', 'STARTED', 'RETRY')
)
select
  coalesce(
    json_agg(json_build_object('id', id, 'state', state, 'attempts', attempts)) filter (where not fine), '[]'
  ) as suspects,
  (select json_build_object('at', created_at, 'id', id) from looked where full_page order by created_at, id limit 1) as next
from looked`

export const endAstraySql = `
with job as materialized (
  select t.id from unnest($1::uuid[], $2::text[], $3::int[]) suspect (id, state, attempts)
  join darkroom.tasks t on t.id = any(array[suspect.id])
  where t.state = suspect.state and t.attempts = suspect.attempts and not ${together}
  limit ${most}
  for update of t skip locked
), ended as (
  update pgboss.job j set state = 'cancelled', completed_on = now()
  from job, pgboss.queue q
  where j.name = q.name and j.id = job.id and j.state < 'completed'
), task as (
  update darkroom.tasks t set
    state = 'REVOKED', finished_at = now(),
    error = '{"type": "job_gone", "message": "Its job was removed or changed, and not by Darkroom"}'
  from job
  where t.id = job.id
  returning t.id, t.attempts, t.error, t.worker, t.started_at
), attempt as (
  -- What its worker writes of a running attempt from here on matches no row.
  insert into darkroom.attempts (task_id, number, worker, started_at, outcome, error)
  select task.id, task.attempts, task.worker, coalesce(task.started_at, now()), 'cancelled', task.error
  from task join unnest($1::uuid[], $2::text[]) suspect (id, state) on suspect.id = task.id
  where suspect.state = 'STARTED'
  on conflict do nothing
), event as (
  insert into darkroom.events (task_id, state, attempt, error) select id, 'REVOKED', attempts, error from task
)
select count(*)::int as count,
  pg_notify('${channels.changed}', string_agg(id::text, ',')), pg_notify('${channels.cancel}', string_agg(id::text, ','))
from task having count(*) > 0`

interface Suspect {
  id: string
  state: string
  attempts: number
}

const beginning = { at: '-infinity', id: '00000000-0000-0000-0000-000000000000' }

/**
 * Looks for tasks that would never end, because their jobs were removed or changed by hand: by a DBA, or by pg-boss's
 * own functions, which do not know our tables. A task is revoked when two passes in a row find it disagreeing with its
 * job in the same state and attempt, which leaves a DBA time to change both rows one after the other. Other columns do
 * not count: an attempt that reports progress changes its task's row every second.
 */
export function astray(pool: Pool) {
  let next = beginning
  let suspects: Suspect[] = []

  return async function look(): Promise<number> {
    const ended = await end(suspects)
    const { rows } = await pool.query<{ suspects: Suspect[]; next: typeof beginning | null }>(findAstraySql, [
      next.at,
      next.id
    ])
    suspects = rows[0]!.suspects
    next = rows[0]!.next ?? beginning
    return ended
  }

  async function end(suspects: Suspect[]) {
    const values = [
      suspects.map(({ id }) => id),
      suspects.map(({ state }) => state),
      suspects.map(({ attempts }) => attempts)
    ]
    let ended = 0
    while (ended < suspects.length) {
      const { rows } = await pool.query<{ count: number }>(endAstraySql, values)
      const count = rows[0]?.count ?? 0
      ended += count
      if (count < most) break
    }
    return ended
  }
}
