import type { Pool } from 'pg'
import { delayedQueue } from '#queue/boss.ts'
import { isUuid } from '#schema/common.ts'
import { inHand } from '#tasks/attempts/in-hand.ts'
import { isRunning } from '#tasks/attempts/takers.ts'

export const codes = [
  'scheduled',
  'queue_paused',
  'no_worker_for_queue',
  'kind_unknown_to_workers',
  'workers_paused',
  'slots_busy',
  'retry_wait',
  'claimed',
  'running',
  'finished',
  'job_gone'
] as const

export interface Why {
  code: (typeof codes)[number]
  sentence: string
  /** Since when the code holds. */
  since: Date | null
  /** When it ends by itself, if that is known. */
  until: Date | null
  state: string
  queue: string
  /** Paused workers that could take the task. */
  paused_workers: { id: string; host: string }[]
}

// Tasks before this one are counted up to one more than this.
const mostCounted = 1_000

const time = (value: string) => `to_char(${value} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')`
const plural = (count: string, noun: string) => `${count} || case ${count} when 1 then ' ${noun}' else ' ${noun}s' end`

// The first code that holds, in the order of what has to happen to a task. A delayed job waits for the queue of its
// task; any other one for the queue that it is in, which a DBA may have changed.
export const whySql = `
with ${inHand}, fact as materialized (
  select
    t.*, j.priority as job_priority, j.created_on, j.start_after, coalesce(j.state < 'active', false) as waits,
    case when j.name is null or j.name = '${delayedQueue}' then t.queue else j.name end as lane,
    greatest(t.created_at, j.start_after) as ready_at,
    coalesce((select ahead from in_hand where in_hand.id = t.id), false) as ahead,
    (select max(a.finished_at) from darkroom.attempts a where a.task_id = t.id) as tried_at,
    (select host || ', process ' || pid from darkroom.workers w where w.id = t.worker) as worker_name
  from darkroom.tasks t
  left join lateral (
    select j.* from pgboss.queue q join pgboss.job j on j.name = q.name and j.id = t.id
  ) j on true
  where t.id = $1
), worker as materialized (
  select
    count(*)::int as serving,
    count(*) filter (where knows)::int as knowing,
    count(*) filter (where knows and w.paused_at is null)::int as taking,
    coalesce(sum(w.concurrency) filter (where knows and w.paused_at is null), 0)::int as slots,
    max(w.paused_at) filter (where knows) as paused_at,
    coalesce(json_agg(json_build_object('id', w.id, 'host', w.host)) filter (where knows and w.paused_at is not null), '[]') as paused
  from fact
  cross join lateral (
    select w.*, fact.task = any(w.kinds) as knows from darkroom.workers w
    where ${isRunning} and w.shutdown is null and fact.lane = any(w.queues)
  ) w
), decided as materialized (
  select fact.*, worker.*, q.paused_at as queue_paused_at,
    case
      when fact.finished_at is not null then 'finished'
      when fact.state = 'STARTED' and ahead then 'claimed'
      when fact.state = 'STARTED' then 'running'
      when not waits then 'job_gone'
      when start_after > now() and fact.state = 'RETRY' then 'retry_wait'
      when start_after > now() then 'scheduled'
      when q.name is not null then 'queue_paused'
      when serving = 0 then 'no_worker_for_queue'
      when knowing = 0 then 'kind_unknown_to_workers'
      when taking = 0 then 'workers_paused'
      else 'slots_busy'
    end as code
  from fact
  cross join worker
  left join darkroom.queues q on q.name = fact.lane
)
select
  code, state, lane as queue, paused as paused_workers,
  case code
    when 'finished' then finished_at
    when 'claimed' then started_at
    when 'running' then started_at
    when 'scheduled' then created_at
    when 'retry_wait' then coalesce(tried_at, created_at)
    when 'queue_paused' then greatest(ready_at, queue_paused_at)
    when 'workers_paused' then greatest(ready_at, decided.paused_at)
    else ready_at
  end as since,
  case when code in ('scheduled', 'retry_wait') then start_after end as until,
  case code
    when 'finished' then format('The task ended as %s at %s', state, ${time('finished_at')})
    when 'claimed' then format('A worker (%s) has taken the task and starts it when a child process is free', worker_name)
    when 'running' then format('Attempt %s runs in a worker (%s)', attempts, worker_name)
    when 'job_gone' then 'Its job in pg-boss was removed or changed by hand; a worker revokes the task within half a minute'
    when 'retry_wait' then format('Attempt %s did not succeed; the next one starts at %s', attempts, ${time('start_after')})
    when 'scheduled' then format('The task is to start at %s', ${time('start_after')})
    when 'queue_paused' then format('The queue "%s" is paused since %s; resume it', lane, ${time('queue_paused_at')})
    when 'no_worker_for_queue' then
      format('No running worker takes from the queue "%s"; start one that does (WORKER_QUEUES)', lane)
    when 'kind_unknown_to_workers' then format(
      'No running worker knows the kind "%s" (%s from the queue "%s"); start one whose TASKS_DIR has it',
      task, case serving when 1 then '1 takes' else serving || ' take' end, lane
    )
    when 'workers_paused' then format(
      'Every running worker that could take the task is paused (%s); resume one', knowing
    )
    else format(
      'The task waits for its turn in the queue "%s": %s, and %s', lane,
      case
        when before.count > ${mostCounted} then 'more than ${mostCounted} tasks are before it'
        when before.count = 1 then '1 task is before it'
        else before.count || ' tasks are before it'
      end,
      case taking when 1 then '1 worker runs ' else taking || ' workers run ' end || ${plural('slots', 'task')}
        || ' at a time'
    )
  end as sentence
from decided
cross join lateral (
  select count(*)::int as count from (
    (
      select from pgboss.job j
      where code = 'slots_busy' and j.name = lane and j.state < 'active' and not j.blocked and j.start_after <= now()
        and j.priority > job_priority
      limit ${mostCounted + 1}
    )
    union all
    (
      select from pgboss.job j
      where code = 'slots_busy' and j.name = lane and j.state < 'active' and not j.blocked and j.start_after <= now()
        and j.priority = job_priority and j.created_on < decided.created_on
      limit ${mostCounted + 1}
    )
    limit ${mostCounted + 1}
  ) waiting_before
) before`

/** The code for a task's situation: what it waits for, or how it ended. */
export async function why(pool: Pool, id: string): Promise<Why | undefined> {
  if (!isUuid(id)) return undefined
  return (await pool.query<Why>(whySql, [id])).rows[0]
}
