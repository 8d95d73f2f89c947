import type { Pool } from 'pg'
import type { Claim } from './claim.ts'

/**
 * Puts tasks back as they were before they were claimed: they have not begun, so they are neither an attempt nor a
 * retry, and the number of this one is free again. Fenced like every ending. Answers the queues to wake.
 */
const text = `
with back as (
  select * from jsonb_to_recordset($1::jsonb) as back (id uuid, queue text, attempt int, was text)
), job as (
  update pgboss.job j set
    state = back.was::pgboss.job_state,
    started_on = case when back.attempt = 1 then null else j.started_on end,
    retry_count = greatest(back.attempt - 2, 0)
  from back
  where j.name = back.queue and j.id = back.id and j.state = 'active' and j.retry_count = back.attempt - 1
  returning j.id
), task as (
  update darkroom.tasks t set
    state = case back.was when 'created' then 'PENDING' else 'RETRY' end,
    attempts = back.attempt - 1, worker = null, started_at = null
  from back join job on job.id = back.id
  where t.id = back.id
  returning t.id, t.queue, t.state, t.attempts
), event as (
  insert into darkroom.events (task_id, state, attempt) select id, state, attempts from task
)
select id, queue from task`

export async function unclaim(pool: Pool, claims: Claim[]): Promise<{ id: string; queue: string }[]> {
  const back = claims.map(({ id, queue, attempt, was }) => ({ id, queue, attempt, was }))
  return (await pool.query<{ id: string; queue: string }>(text, [JSON.stringify(back)])).rows
}
