import type { Pool } from 'pg'

/** An attempt that is ours until we settle it or are held to be dead. */
export interface Claim {
  id: string
  queue: string
  task: string
  args: unknown
  attempt: number
  /** What its job was before: `created` or `retry`. */
  was: string
  /** Where its job's row is: whoever looks there first needs no index. A row that is changed moves. */
  place: string
  failures: number
  crashes: number
  outages: number
  max_retries: number
  retry_delay: number | null
  retry_backoff: boolean | null
  retry_backoff_max: number | null
  retry_jitter: boolean | null
  time_limit: number | null
  soft_time_limit: number | null
  /** X-Request-Id of the request that submitted it. */
  request_id: string | null
}

/** How many tasks may be taken from a queue. */
export interface Room {
  queue: string
  slots: number
}

/**
 * Takes the next tasks of several queues in one round trip: highest priority first, then oldest. Each queue is
 * read through pg-boss's own fetch index; what another worker has locked is passed over. A job's retry_count rises
 * with each claim, so it names the attempt and fences everything that the attempt writes.
 *
 * A worker that another one has held to be dead gets nothing until it has a new name: what it took under the old one
 * would be taken from it again at once.
 *
 * A task that was to start by a time that is past is revoked instead, and a job that somebody put into pg-boss by
 * hand, without a task or for one that is over, is cancelled: none may come back for ever. One that somebody has moved
 * to another queue takes its task along.
 *
 * A plan is made once, by the statistics of that moment, and those of an empty table say that every way is as good as
 * any: going through all of it for each task of a batch, too. So each step is said in a way that leaves no choice. A
 * job is found again where it is (ctid). A task is found by `any (array […])`, for which its primary key is the only
 * index; `=` could also be answered by going through two sorted lists side by side. The state is asked for in a way
 * that no index answers. And what follows from a row is taken from what changing it returned, not from a join of one
 * list with another.
 *
 * Prepared, which halves its time (1.7 to 0.8 ms): safe only on connections with the runner's planner settings. With
 * others, a plan that was made while the table was empty reads the whole queue for each claim.
 */
const statement = (where: { jobs: string; locked: string }) => `
with next as materialized (
  select
    j.name, j.id, j.place, j.priority, j.created_on, j.state as was,
    t.id is null or t.state not in ('PENDING', 'RETRY') or (t.expires_at <= now() and t.started_at is null) as stale
  from (
    select * from unnest($2::text[], $3::int[]) as room (queue, slots)
    cross join lateral (
      select j.name, j.id, j.ctid as place, j.state, j.priority, j.created_on
      from ${where.jobs}
      where j.name = room.queue and j.state < 'active' and not j.blocked and j.start_after <= now()
        and (select status = 'running' from darkroom.workers where id = $1)
        and not exists (select from darkroom.queues where name = room.queue and paused_at is not null)
      order by j.priority desc, j.created_on
      limit room.slots
      for update of ${where.locked} skip locked
    ) job
    order by priority desc, created_on
    limit $4
  ) j
  left join darkroom.tasks t on t.id = any(array[j.id])
), job as (
  update pgboss.job j set
    state = case when next.stale then 'cancelled' else 'active' end::pgboss.job_state,
    started_on = case when next.stale then j.started_on else now() end,
    completed_on = case when next.stale then now() end,
    retry_count = j.retry_count + case when j.started_on is null then 0 else 1 end
  from next
  where j.ctid = next.place and j.name = next.name and j.id = next.id
  returning j.id, j.name, j.retry_count, j.ctid as place, next.stale, next.was, next.priority, next.created_on
), task as (
  update darkroom.tasks t set
    queue = job.name,
    state = case when job.stale then 'REVOKED' else 'STARTED' end,
    attempts = case when job.stale then t.attempts else job.retry_count + 1 end,
    worker = case when job.stale then null else $1::uuid end,
    started_at = case when job.stale then t.started_at else now() end,
    finished_at = case when job.stale then now() end,
    error = case when job.stale then '{"type": "expired", "message": "It did not start in time"}'::jsonb else t.error end,
    progress = null,
    progress_detail = null
  from job
  where t.id = any(array[job.id]) and (t.state in ('PENDING', 'RETRY')) is true
  returning
    t.id, t.queue, t.task, t.args, t.attempts as attempt, t.failures, t.crashes, t.outages, t.max_retries,
    t.retry_delay, t.retry_backoff, t.retry_backoff_max, t.retry_jitter, t.time_limit, t.soft_time_limit, t.request_id,
    t.state, t.error, job.was, job.place, job.priority, job.created_on
), event as (
  insert into darkroom.events (task_id, state, attempt, error)
  select id, state, attempt, case when state = 'REVOKED' then error end from task
)
-- In the order in which they are to begin, which an UPDATE does not keep.
select
  id, queue, task, args, attempt, failures, crashes, outages, max_retries, retry_delay, retry_backoff,
  retry_backoff_max, retry_jitter, time_limit, soft_time_limit, request_id, state, was, place
from task order by priority desc, created_on, id`

const text = statement({ jobs: 'pgboss.job j', locked: 'j' })
// To lock the task as well costs each claim more than it is worth while nobody else has done so.
const aroundText = statement({
  jobs: 'pgboss.job j join darkroom.tasks task on task.id = any(array[j.id])',
  locked: 'j, task'
})

export interface Claimed {
  claims: Claim[]
  /** Tasks that were revoked because their time to start had passed. */
  revoked: string[]
}

/** With `around` it also passes over tasks that somebody holds a lock on: without, it would wait for him. */
export async function claim(pool: Pool, worker: string, rooms: Room[], most: number, around = false): Promise<Claimed> {
  const { rows } = await pool.query<Claim & { state: string }>({
    ...(around ? { name: 'claim around', text: aroundText } : { name: 'claim', text }),
    values: [worker, rooms.map(({ queue }) => queue), rooms.map(({ slots }) => slots), most]
  })
  return {
    claims: rows.filter(({ state }) => state === 'STARTED'),
    revoked: rows.filter(({ state }) => state === 'REVOKED').map(({ id }) => id)
  }
}
