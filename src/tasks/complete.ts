import { CompiledQuery } from 'kysely'
import type { Pool } from 'pg'
import type { InTransaction } from '#database/connect.ts'
import type { Ending, Settled } from './ending.ts'

/**
 * Successes, one or many in one statement: job (with the result, which pg-boss keeps and lets expire), task and
 * attempt. An attempt that is no longer ours (its worker was held to be dead, its task is gone) matches no row and
 * changes nothing.
 */
const text = `
with ending as (
  select * from jsonb_to_recordset($1::jsonb) as ending (
    id uuid, queue text, attempt int, worker uuid, started_at timestamptz, peak_memory bigint, result jsonb
  )
), job as (
  update pgboss.job j set state = 'completed', completed_on = now(), output = ending.result
  from ending
  where j.name = ending.queue and j.id = ending.id and j.state = 'active' and j.retry_count = ending.attempt - 1
  returning j.id
), task as (
  update darkroom.tasks t set
    state = 'SUCCESS', finished_at = now(), progress = 1, error = null,
    started_at = greatest(t.created_at, ending.started_at)
  from ending join job on job.id = ending.id
  where t.id = ending.id
  returning t.id, t.queue, t.state, t.started_at
), attempt as (
  insert into darkroom.attempts (task_id, number, worker, started_at, outcome, peak_memory)
  select ending.id, ending.attempt, ending.worker, task.started_at, 'success', ending.peak_memory
  from ending join task on task.id = ending.id
), event as (
  insert into darkroom.events (task_id, state, attempt)
  select ending.id, 'SUCCESS', ending.attempt from ending join task on task.id = ending.id
)
select id, queue, state from task`

export async function complete(pool: Pool, endings: Ending[]): Promise<Settled[]> {
  const { rows } = await pool.query<Settled>({ name: 'complete', text, values: [json(endings)] })
  return rows
}

export async function completeIn(trx: InTransaction, ending: Ending): Promise<Settled | undefined> {
  const { rows } = await trx.executeQuery(CompiledQuery.raw(text, [json([ending])]))
  return rows[0] as Settled | undefined
}

/** Results are JSON text already: they are put in as they are instead of being parsed and written again. */
function json(endings: Ending[]) {
  const rows = endings.map(({ id, queue, attempt, worker, started_at, peak_memory, result = 'null' }) => {
    const rest = JSON.stringify({ id, queue, attempt, worker, started_at, peak_memory })
    return `${rest.slice(0, -1)},"result":${result}}`
  })
  return `[${rows.join(',')}]`
}
