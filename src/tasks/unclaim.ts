import { CompiledQuery } from 'kysely'
import type { Database } from '#database/connect.ts'
import type { Claim } from './claim.ts'

// As where attempts are settled: only a statement after the locks sees what was committed while we waited for them.
const lockText = `
select j.id from pgboss.job j
join jsonb_to_recordset($1::jsonb) as back (id uuid, queue text, attempt int)
  on j.name = back.queue and j.id = back.id and j.state = 'active' and j.retry_count = back.attempt - 1
order by j.id
for update of j`

/**
 * A task whose end was asked for meanwhile is over. One that has yet to start has its deadline back, which may have
 * come while the task was in hand.
 */
const text = `
with back as (
  select back.*,
    case
      when t.cancel_requested_at is not null then 'REVOKED'
      when back.was = 'created' then 'PENDING'
      else 'RETRY'
    end as final
  from jsonb_to_recordset($1::jsonb) as back (id uuid, queue text, attempt int, was text)
  join darkroom.tasks t on t.id = back.id
  where back.id = any($2::uuid[])
), job as (
  update pgboss.job j set
    state = case final when 'REVOKED' then 'cancelled' else back.was end::pgboss.job_state,
    started_on = case when back.attempt = 1 then null else j.started_on end,
    completed_on = case final when 'REVOKED' then now() end,
    retry_count = greatest(back.attempt - 2, 0)
  from back
  where j.name = back.queue and j.id = back.id
  returning j.id
), task as (
  update darkroom.tasks t set
    state = final,
    attempts = back.attempt - 1,
    worker = null,
    started_at = case when back.was = 'retry' then (
      select a.started_at from darkroom.attempts a where a.task_id = back.id and a.number = back.attempt - 1
    ) end,
    finished_at = case final when 'REVOKED' then now() end,
    error = case
      when final = 'REVOKED' then '{"type": "cancelled", "message": "It was cancelled before it ran"}'::jsonb
      else t.error
    end
  from back join job on job.id = back.id
  where t.id = back.id
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
 * Puts tasks back as they were before they were claimed: they have not begun, so they are neither an attempt nor a
 * retry, and the number of this one is free again. Fenced like every ending. Answers the queues to wake.
 */
export async function unclaim({ query }: Pick<Database, 'query'>, claims: Claim[]) {
  const json = JSON.stringify(claims.map(({ id, queue, attempt, was }) => ({ id, queue, attempt, was })))
  return query.transaction().execute(async trx => {
    const ours = await trx.executeQuery<{ id: string }>(CompiledQuery.raw(lockText, [json]))
    if (ours.rows.length === 0) return []
    const ids = ours.rows.map(({ id }) => id)
    return (await trx.executeQuery<{ id: string; queue: string }>(CompiledQuery.raw(text, [json, ids]))).rows
  })
}
