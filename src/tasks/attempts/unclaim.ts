import { CompiledQuery } from 'kysely'
import type { Database } from '#database/connect.ts'
import type { Claim } from './claim.ts'
import { lockAttempts } from './lock.ts'

/**
 * A task whose cancellation was requested meanwhile is revoked. A task that has never started gets its deadline back,
 * which may have passed while the worker held it.
 */
export const unclaimSql = `
with back as (
  select back.*,
    case
      when t.cancel_requested_at is not null then 'REVOKED'
      when back.was = 'created' then 'PENDING'
      else 'RETRY'
    end as final
  from jsonb_to_recordset($1::jsonb) as back (id uuid, queue text, place tid, attempt int, worker uuid, was text)
  join darkroom.tasks t on t.id = any(array[back.id]) and t.worker = back.worker
), job as (
  update pgboss.job j set
    state = case final when 'REVOKED' then 'cancelled' else back.was end::pgboss.job_state,
    started_on = case when back.attempt = 1 then null else j.started_on end,
    completed_on = case final when 'REVOKED' then now() end,
    retry_count = greatest(back.attempt - 2, 0)
  from back
  where j.ctid = back.place and j.name = back.queue and j.id = back.id
  returning back.*
), task as (
  update darkroom.tasks t set
    state = final,
    attempts = job.attempt - 1,
    worker = null,
    started_at = case when job.was = 'retry' then (
      select a.started_at from darkroom.attempts a where a.task_id = job.id and a.number = job.attempt - 1
    ) end,
    finished_at = case final when 'REVOKED' then now() end,
    error = case
      when final <> 'REVOKED' then t.error
      when job.attempt = 1 then '{"type": "cancelled", "message": "It was cancelled before it ran"}'::jsonb
      else '{"type": "cancelled", "message": "It was cancelled while it waited for its next attempt"}'::jsonb
    end
  from job
  where t.id = any(array[job.id])
  returning t.id, t.queue, t.state, t.attempts, t.error, t.started_at, t.expires_at
), deadline as (
  insert into darkroom.deadlines (expires_at, task_id)
  select expires_at, id from task where state = 'PENDING' and expires_at is not null
  on conflict do nothing
), event as (
  insert into darkroom.events (task_id, state, attempt, error)
  select id, state, attempts, case when state = 'REVOKED' then error end from task
)
select id, queue from task`

/**
 * Restores tasks to their state before the claim: their bodies have not started, so this is neither an attempt nor a
 * retry, and the attempt's number is free again. Fenced like every ending. Returns the queues to wake.
 */
export async function unclaim({ query }: Pick<Database, 'query'>, claims: Claim[]) {
  return query.transaction().execute(async trx => {
    const ours = await lockAttempts(trx, claims)
    if (ours.length === 0) return []
    const rows = ours.map(({ id, queue, place, attempt, worker, was }) => ({ id, queue, place, attempt, worker, was }))
    return (
      await trx.executeQuery<{ id: string; queue: string }>(CompiledQuery.raw(unclaimSql, [JSON.stringify(rows)]))
    ).rows
  })
}
