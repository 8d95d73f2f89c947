import { CompiledQuery } from 'kysely'
import type { Pool } from 'pg'
import type { InTransaction } from '#database/connect.ts'
import type { Ending, Settled } from './ending.ts'

/**
 * Successes, one or many in one statement: job (with the result, which pg-boss keeps and lets expire), task and
 * attempt. An attempt that its worker has lost (the worker was declared lost, the task is gone, or Postgres has crashed
 * and forgotten the claim) matches no row and changes nothing. Each step uses what RETURNING of the step before gives, see `claim`.
 *
 * The job is found where the claim left its row, or by its id if another statement has changed the row since. The range
 * of the attempt's number, which holds for every attempt, lets the planner expect one job: it then looks each up,
 * instead of reading all active jobs. No index matches the condition on the state.
 *
 * `started_at` comes from the clock of the worker's machine, which may be off: it is kept between the claim and now,
 * by the database's clock.
 */
const statement = (inPlace: string) => `
with ending as (
  select * from jsonb_to_recordset($1::jsonb) as ending (
    id uuid, queue text, place tid, attempt int, worker uuid, started_at timestamptz, peak_memory bigint, stderr text,
    progress real, detail jsonb, result jsonb
  )
), job as (
  update pgboss.job j set state = 'completed', completed_on = now(), output = ending.result
  from ending
  where ${inPlace}j.name = ending.queue and j.id = ending.id
    and (j.state = 'active') is true and j.retry_count = ending.attempt - 1 and ending.attempt between 1 and 2147483647
    and exists (select from darkroom.tasks t where t.id = any(array[ending.id]) and t.worker = ending.worker)
  returning
    ending.id, ending.attempt, ending.worker, ending.started_at, ending.peak_memory, ending.stderr, ending.progress,
    ending.detail
), task as (
  update darkroom.tasks t set
    state = 'SUCCESS', finished_at = now(), progress = 1, error = null,
    progress_detail = case when job.progress is null then t.progress_detail else job.detail end,
    started_at = least(now(), greatest(t.created_at, t.started_at, job.started_at))
  from job
  where t.id = any(array[job.id])
  returning t.id, t.task, t.queue, t.state, t.started_at, job.attempt, job.worker, job.peak_memory, job.stderr
), attempt as (
  insert into darkroom.attempts (task_id, number, worker, started_at, outcome, peak_memory, stderr)
  select id, attempt, worker, started_at, 'success', peak_memory, stderr from task
), event as (
  insert into darkroom.events (task_id, state, attempt)
  select id, 'SUCCESS', attempt from task
)
select id, task, queue, state from task`

export const completeInPlaceSql = statement('j.ctid = ending.place and ')
export const completeSql = statement('')

export async function complete(pool: Pool, endings: Ending[]): Promise<Settled[]> {
  const { rows } = await pool.query<Settled>({ name: 'complete', text: completeInPlaceSql, values: [json(endings)] })
  if (rows.length === endings.length) return rows
  const settled = new Set(rows.map(({ id }) => id))
  const moved = endings.filter(({ id }) => !settled.has(id))
  return [...rows, ...(await pool.query<Settled>(completeSql, [json(moved)])).rows]
}

export async function completeIn(trx: InTransaction, ending: Ending): Promise<Settled | undefined> {
  const { rows } = await trx.executeQuery(CompiledQuery.raw(completeSql, [json([ending])]))
  return rows[0] as Settled | undefined
}

/** Results are JSON text already: they are inserted as they are instead of being parsed and written again. */
function json(endings: Ending[]) {
  const rows = endings.map(({ result = 'null', ...ending }) => {
    const { id, queue, place, attempt, worker, started_at, peak_memory, stderr, reported } = ending
    const rest = JSON.stringify({
      id,
      queue,
      place,
      attempt,
      worker,
      started_at,
      peak_memory,
      stderr: stderr ?? undefined,
      ...reported
    })
    return `${rest.slice(0, -1)},"result":${result}}`
  })
  return `[${rows.join(',')}]`
}
