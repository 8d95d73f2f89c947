import { CompiledQuery } from 'kysely'
import type { Database } from '#database/connect.ts'
import { delayedQueue } from '#queue/boss.ts'
import { lockAttempts } from '../attempts/lock.ts'
import type { Ending, Settled } from './ending.ts'

/**
 * Every ending except success. A crash, a shutdown and an outage of the store do not count as failures of the task; a
 * task whose cancellation was requested is not retried. Retries with a delay wait in the queue of delayed tasks.
 *
 * An attempt is matched by its worker as well as its number: a task that was put back before its body started leaves
 * its number to another worker, and recovery may have read the first worker's attempt before that.
 */
export const settleSql = `
with ending as (
  select e.*,
    case when e.state = 'RETRY' and t.cancel_requested_at is not null then 'REVOKED' else e.state end as final
  from jsonb_to_recordset($1::jsonb) as e (
    id uuid, queue text, place tid, attempt int, worker uuid, started_at timestamptz, outcome text, error jsonb,
    state text, delay float8, progress real, detail jsonb, exit_code int, signal text, peak_memory bigint, stderr text,
    stack text, is_outage boolean
  )
  join darkroom.tasks t on t.id = any(array[e.id]) and t.worker is not distinct from e.worker
), job as (
  update pgboss.job j set
    name = case when final = 'RETRY' and delay > 0 then '${delayedQueue}' else j.name end,
    state = case final when 'RETRY' then 'retry' when 'FAILURE' then 'failed' else 'cancelled' end::pgboss.job_state,
    start_after = case when final = 'RETRY' then now() + delay * interval '1 second' else j.start_after end,
    completed_on = case when final <> 'RETRY' then now() end,
    output = ending.error
  from ending
  where j.ctid = ending.place and j.name = ending.queue and j.id = ending.id
  returning ending.*
), task as (
  update darkroom.tasks t set
    state = final,
    error = job.error,
    progress = greatest(t.progress, job.progress),
    progress_detail = case when job.progress is null then t.progress_detail else job.detail end,
    failures = t.failures + case when outcome in ('crashed', 'shutdown', 'cancelled') or is_outage then 0 else 1 end,
    crashes = t.crashes + case when outcome = 'crashed' then 1 else 0 end,
    outages = t.outages + case when is_outage then 1 else 0 end,
    eta = case when final = 'RETRY' and delay > 0 then now() + delay * interval '1 second' else t.eta end,
    worker = case when final = 'RETRY' then null else t.worker end,
    started_at = least(now(), greatest(t.created_at, t.started_at, job.started_at)),
    finished_at = case when final <> 'RETRY' then now() end
  from job
  where t.id = any(array[job.id])
  returning
    t.id, t.task, t.queue, t.state, t.started_at, t.error, job.attempt, job.worker, outcome, exit_code, signal, peak_memory,
    stderr, stack
), attempt as (
  insert into darkroom.attempts (
    task_id, number, worker, started_at, outcome, error, exit_code, signal, peak_memory, stderr
  )
  select
    id, attempt, worker, started_at, outcome,
    case when stack is null then error else error || jsonb_build_object('stack', stack) end,
    exit_code, signal, peak_memory, stderr
  from task
), event as (
  insert into darkroom.events (task_id, state, attempt, error) select id, state, attempt, error from task
)
select id, task, queue, state from task`

export async function settle({ query }: Database, endings: Ending[]): Promise<Settled[]> {
  return query.transaction().execute(async trx => {
    const ours = await lockAttempts(trx, endings)
    if (ours.length === 0) return []
    const rows = ours.map(({ next, result: _, reported, ...ending }) => ({
      ...ending,
      ...reported,
      state: next.state,
      delay: 'delay' in next ? next.delay : 0
    }))
    return (await trx.executeQuery<Settled>(CompiledQuery.raw(settleSql, [JSON.stringify(rows)]))).rows
  })
}
