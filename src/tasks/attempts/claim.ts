import type { Pool } from 'pg'

/** An attempt that belongs to this worker until it is settled, or until the worker is declared lost. */
export interface Claim {
  id: string
  queue: string
  task: string
  args: unknown
  attempt: number
  /** State of the job before the claim: `created` or `retry`. */
  was: string
  /** The worker that it belongs to. */
  worker: string
  /** The ctid of the job's row, which finds it without an index. It changes with each update of the row. */
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
  /** Its place in a trace. */
  traceparent: string | null
  /** Milliseconds from when it was due to the claim; null for an immediate retry, whose beginning no row tells. */
  waited: number | null
}

/** What a worker takes. */
export interface Taking {
  worker: string
  rooms: Room[]
  /** Of all rooms together. */
  most: number
  /** Kinds that keep files by the number of their attempt. */
  keepers: readonly string[]
  /** It takes these kinds alone. */
  only?: readonly string[] | undefined
}

/** How many tasks a claim may take from a queue. */
export interface Room {
  queue: string
  slots: number
}

/** What a claim skips, because an earlier claim found it. */
export interface Over {
  /** Kinds that this worker does not know. */
  kinds?: string[]
  /** Tasks that an open transaction has locked; otherwise the claim waits for that transaction. */
  locked?: boolean
}

/**
 * Takes the next tasks of several queues in one round trip: highest priority first, then oldest. Each queue is read
 * through pg-boss's fetch index (job_i11), and jobs that another transaction has locked are passed over. A job's
 * retry_count rises with each claim, so it names the attempt and fences everything that the attempt writes.
 *
 * A worker without a running row gets nothing: one that was declared lost would lose at once what it claims under its
 * old id. A task whose kind is not in `kinds` stays as it is: its job is locked until the statement ends, and then free
 * for a worker that knows the kind. The answer names those kinds.
 *
 * Some jobs are not for any worker: a task that has missed its start deadline is revoked, and a job without an open
 * task (put into pg-boss by hand) is cancelled, so that neither returns with every claim. A job that was moved to
 * another queue by hand takes its task along.
 *
 * Postgres makes the plan once, perhaps while the tables are empty, when reading a whole table looks as good as any
 * other way. So each step leaves one possible plan. A job is found again by its ctid. A task is found by
 * `any (array […])`, which only the primary key can answer; `=` would also allow a merge of two sorted lists. The
 * state is compared in a way that no index answers. What follows from a row comes from RETURNING and not from a join.
 *
 * A claim does not wait for the disk, which is most of its time. If Postgres crashes before the claim is on the disk, it
 * forgets it, and another worker may get the same attempt: so all that is written for an attempt names its worker, and
 * a worker looks for what it still holds when it is connected again. A task that may run only once does wait, and so do
 * kinds that keep files by the number of their attempt.
 *
 * It is one text although it is long: its steps share a snapshot and locks, and what one of them returns another reads.
 *
 * The statement is prepared, which halves its time (1.7 to 0.8 ms), and needs connections with the planner settings
 * `throughIndexes`: without these, a plan made for an empty table reads the whole queue for each claim.
 */
const statement = ({ jobs, locked, over }: { jobs: string; locked: string; over: string }) => `
with me as materialized (
  select kinds from darkroom.workers where id = $1 and status = 'running'
), next as materialized (
  select
    j.name, j.id, j.place, j.priority, j.created_on, j.state as was, t.task, t.max_retries,
    case when j.started_on is null or j.start_after > j.started_on then j.start_after end as due,
    case
      when t.id is null or t.state not in ('PENDING', 'RETRY') then 'stale'
      when t.expires_at <= now() and t.started_at is null then 'stale'
      when t.task = any((select kinds from me)::text[]) then 'ready'
      else 'unknown'
    end as verdict
  from (
    select * from unnest($2::text[], $3::int[]) as room (queue, slots)
    cross join lateral (
      select j.name, j.id, j.ctid as place, j.state, j.priority, j.created_on, j.started_on, j.start_after
      from ${jobs}
      where j.name = room.queue and j.state < 'active' and not j.blocked and j.start_after <= now()
        and exists (select from me) and not exists (select from darkroom.paused_queues where name = room.queue)
        and ${over}
      order by j.priority desc, j.created_on
      limit room.slots
      for update of ${locked} skip locked
    ) job
    order by priority desc, created_on
    limit $4
  ) j
  left join darkroom.tasks t on t.id = any(array[j.id])
), job as (
  update pgboss.job j set
    state = case next.verdict when 'stale' then 'cancelled' else 'active' end::pgboss.job_state,
    started_on = case next.verdict when 'stale' then j.started_on else now() end,
    completed_on = case next.verdict when 'stale' then now() end,
    retry_count = j.retry_count + case when j.started_on is null then 0 else 1 end
  from next
  where j.ctid = next.place and j.name = next.name and j.id = next.id and next.verdict <> 'unknown'
  returning
    j.id, j.name, j.retry_count, j.ctid as place, next.verdict = 'stale' as stale, next.was, next.priority, next.created_on,
    next.due
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
    t.traceparent, t.state, t.error, job.was, job.place, job.priority, job.created_on, job.due
), event as (
  insert into darkroom.events (task_id, state, attempt, error)
  select id, state, attempt, case when state = 'REVOKED' then error end from task
), hasty as materialized (
  select set_config('synchronous_commit', 'off', true) as is_hasty
  from (select bool_or(task = any($5::text[]) or max_retries = 0) as has_to_wait from next) any_of_them
  where has_to_wait is not true
)
-- At least one row, which may be of no task. In the order in which bodies are to begin: an UPDATE does not keep it.
select
  unknown, id, queue, task, args, attempt, failures, crashes, outages, max_retries, retry_delay, retry_backoff,
  retry_backoff_max, retry_jitter, time_limit, soft_time_limit, request_id, traceparent, state, was, place,
  is_hasty,
  (extract(epoch from clock_timestamp() - due) * 1000)::float8 as waited
from (select array_agg(distinct task) filter (where verdict = 'unknown') as unknown from next) left_alone
left join hasty on true
left join task on true
order by priority desc, created_on, id`

// For claims that have nothing to skip.
export const claimSql = statement({ jobs: 'pgboss.job j', locked: 'j', over: 'true' })

// Skips unknown kinds before the LIMIT counts, so that any number of their tasks hides no others; each claim reads all
// of them. The kind comes from the job: reading the row of each task takes four times as long.
export const claimOverKindsSql = statement({
  jobs: 'pgboss.job j',
  locked: 'j',
  over: `(j.data->>'task' <> all($6::text[])) is not false`
})

// Locks the task's row too, which costs each claim more than it is worth while no other transaction locks tasks.
export const claimOverLockedSql = statement({
  jobs: 'pgboss.job j join darkroom.tasks task on task.id = any(array[j.id])',
  locked: 'j, task',
  over: 'task.task <> all($6::text[])'
})

// Takes tasks of some kinds alone, which are found by the index of the list: the queue may have any number of others.
// Without `offset 0` Postgres would read the queue in its order.
export const claimOfKindsSql = statement({
  jobs: `lateral (
        select t.id from darkroom.tasks t
        where t.state in ('PENDING', 'RETRY') and t.task = any($6::text[]) and t.queue = room.queue
        offset 0
      ) waiting
      cross join lateral (
        select ctid, * from pgboss.job job where job.name = room.queue and job.id = waiting.id offset 0
      ) j`,
  locked: 'j',
  over: 'true'
})

export interface Claimed {
  claims: Claim[]
  /** Tasks that were revoked because they had missed their start deadline. */
  revoked: string[]
  /** Kinds of tasks that were left alone because this worker does not know them. */
  unknown: string[]
}

interface Row extends Claim {
  state: string | null
  unknown: string[] | null
}

export async function claim(
  pool: Pool,
  { worker, rooms, most, keepers, only }: Taking,
  { kinds = [], locked = false }: Over = {}
): Promise<Claimed> {
  const where = [worker, rooms.map(({ queue }) => queue), rooms.map(({ slots }) => slots), most, keepers]
  const { rows } = await pool.query<Row>(
    only
      ? { name: 'claim of kinds', text: claimOfKindsSql, values: [...where, only] }
      : locked
        ? { name: 'claim over locked', text: claimOverLockedSql, values: [...where, kinds] }
        : kinds.length > 0
          ? { name: 'claim over kinds', text: claimOverKindsSql, values: [...where, kinds] }
          : { name: 'claim', text: claimSql, values: where }
  )
  return {
    claims: rows.filter(({ state }) => state === 'STARTED').map(row => Object.assign(row, { worker })),
    revoked: rows.filter(({ state }) => state === 'REVOKED').map(({ id }) => id),
    unknown: rows[0]?.unknown ?? []
  }
}
