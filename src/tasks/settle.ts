import { CompiledQuery } from 'kysely'
import type { Database } from '#database/connect.ts'
import { delayedQueue } from '#queue/boss.ts'
import type { Ending, Settled } from './ending.ts'

// The locks come first and the changes are a statement of their own: only so do they see a cancellation that was
// committed while we waited for the job's row.
const lockText = `
select j.id from pgboss.job j
join jsonb_to_recordset($1::jsonb) as ending (id uuid, queue text, attempt int)
  on j.name = ending.queue and j.id = ending.id and j.state = 'active' and j.retry_count = ending.attempt - 1
order by j.id
for update of j`

/**
 * Everything that is not a success. A crash and a shutdown do not count as failures of the task; a task whose end
 * was asked for is not tried again. Retries that are not at once wait with the delayed tasks.
 */
const settleText = `
with ending as (
  select e.*,
    case when e.state = 'RETRY' and t.cancel_requested_at is not null then 'REVOKED' else e.state end as final
  from jsonb_to_recordset($1::jsonb) as e (
    id uuid, queue text, attempt int, worker uuid, started_at timestamptz, outcome text, error jsonb, state text,
    delay float8, exit_code int, signal text, peak_memory bigint, stderr text
  )
  join darkroom.tasks t on t.id = e.id
  where e.id = any($2::uuid[])
), job as (
  update pgboss.job j set
    name = case when final = 'RETRY' and delay > 0 then '${delayedQueue}' else j.name end,
    state = case final when 'RETRY' then 'retry' when 'FAILURE' then 'failed' else 'cancelled' end::pgboss.job_state,
    start_after = case when final = 'RETRY' then now() + delay * interval '1 second' else j.start_after end,
    completed_on = case when final <> 'RETRY' then now() end,
    output = ending.error
  from ending
  where j.name = ending.queue and j.id = ending.id
  returning j.id
), task as (
  update darkroom.tasks t set
    state = final,
    error = ending.error,
    failures = t.failures + case when outcome in ('crashed', 'shutdown', 'cancelled') then 0 else 1 end,
    crashes = t.crashes + case when outcome = 'crashed' then 1 else 0 end,
    eta = case when final = 'RETRY' and delay > 0 then now() + delay * interval '1 second' else t.eta end,
    worker = case when final = 'RETRY' then null else t.worker end,
    started_at = greatest(t.created_at, ending.started_at),
    finished_at = case when final <> 'RETRY' then now() end
  from ending join job on job.id = ending.id
  where t.id = ending.id
  returning t.id, t.queue, t.state, t.started_at
), attempt as (
  insert into darkroom.attempts (
    task_id, number, worker, started_at, outcome, error, exit_code, signal, peak_memory, stderr
  )
  select
    ending.id, ending.attempt, ending.worker, task.started_at, outcome, ending.error, exit_code, signal, peak_memory,
    stderr
  from ending join task on task.id = ending.id
), event as (
  insert into darkroom.events (task_id, state, attempt, error)
  select ending.id, final, ending.attempt, ending.error from ending join task on task.id = ending.id
)
select id, queue, state from task`

export async function settle({ query }: Database, endings: Ending[]): Promise<Settled[]> {
  const json = JSON.stringify(
    endings.map(({ next, result: _, ...ending }) => ({
      ...ending,
      state: next.state,
      delay: 'delay' in next ? next.delay : 0
    }))
  )
  return query.transaction().execute(async trx => {
    const ours = await trx.executeQuery<{ id: string }>(CompiledQuery.raw(lockText, [json]))
    if (ours.rows.length === 0) return []
    const ids = ours.rows.map(({ id }) => id)
    return (await trx.executeQuery<Settled>(CompiledQuery.raw(settleText, [json, ids]))).rows
  })
}
