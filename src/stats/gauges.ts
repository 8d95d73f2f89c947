import type { Pool } from 'pg'
import { forTasks } from '#queue/names.ts'
import { waiting } from '#queue/waiting.ts'
import { inHand } from '#tasks/attempts/in-hand.ts'
import { lease } from '#tasks/attempts/takers.ts'

export interface Gauges {
  queues: { name: string; depth: number; oldest: number; running: number; paused: boolean }[]
  workers: { running: number; stopped: number; lost: number }
  slots: { busy: number; free: number }
  /** Seconds by which the schedule that is most overdue is late; 0 if none is. */
  schedule_late: number
  problems: { code: string; severity: string; count: number }[]
}

/**
 * What the database knows at the time of a scrape. Workers that ended count for a day, as in lists.
 */
export const readGaugesSql = `
with ${inHand}, runner as (
  select
    w.concurrency,
    case when w.status = 'running' and w.heartbeat_at < now() - ${lease} * interval '1 second' then 'lost' else w.status end as status,
    (select count(*)::int from in_hand where in_hand.worker = w.id and not inline and not ahead) as busy
  from darkroom.workers w
)
select
  (
    select coalesce(json_agg(json_build_object(
      'name', q.name, 'depth', waiting.depth, 'oldest', greatest(0, coalesce(waiting.oldest, 0)),
      'running', (select count(*) from in_hand where in_hand.queue = q.name and not ahead),
      'paused', exists (select from darkroom.paused_queues p where p.name = q.name)
    ) order by q.name), '[]')
    from pgboss.queue q
    ${waiting}
    where ${forTasks}
  ) as queues,
  (
    select json_build_object(
      'running', count(*) filter (where status = 'running'),
      'stopped', count(*) filter (where status = 'stopped'),
      'lost', count(*) filter (where status = 'lost')
    ) from runner
  ) as workers,
  (
    select json_build_object(
      'busy', coalesce(sum(least(busy, concurrency)), 0), 'free', coalesce(sum(greatest(0, concurrency - busy)), 0)
    ) from runner where status = 'running'
  ) as slots,
  (
    select greatest(0, coalesce(extract(epoch from now() - min(next_run_at)), 0))::float8
    from darkroom.schedules where next_run_at < now()
  ) as schedule_late,
  (
    select coalesce(json_agg(open), '[]') from (
      select code, severity, count(*)::int as count from darkroom.problems
      where closed_at is null and opened_at is not null group by code, severity
    ) open
  ) as problems`

export async function readGauges(pool: Pool): Promise<Gauges> {
  return (await pool.query<Gauges>(readGaugesSql)).rows[0]!
}
