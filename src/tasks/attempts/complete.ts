import { CompiledQuery } from 'kysely'
import type { Pool } from 'pg'
import type { InTransaction } from '#database/connect.ts'
import type { Ending, Settled } from './ending.ts'
import { anywhere, inPlace } from './lock.ts'
import { startedAt } from './started-at.ts'

/**
 * Successes, one or many in one statement: job (with the result, which pg-boss keeps and lets expire), task and
 * attempt. An attempt that is no longer ours (its worker was held to be dead, its task is gone) matches no row and
 * changes nothing. Each step goes on with what the one before returned, see `claim`.
 */
const statement = (where: string) => `
with ending as (
  select * from jsonb_to_recordset($1::jsonb) as ending (
    id uuid, queue text, place tid, attempt int, worker uuid, started_at timestamptz, peak_memory bigint, stderr text,
    result jsonb
  )
), job as (
  update pgboss.job j set state = 'completed', completed_on = now(), output = ending.result
  from ending
  where ${where}
  returning ending.id, ending.attempt, ending.worker, ending.started_at, ending.peak_memory, ending.stderr
), task as (
  update darkroom.tasks t set
    state = 'SUCCESS', finished_at = now(), progress = 1, error = null,
    started_at = ${startedAt('job')}
  from job
  where t.id = any(array[job.id])
  returning t.id, t.queue, t.state, t.started_at, job.attempt, job.worker, job.peak_memory, job.stderr
), attempt as (
  insert into darkroom.attempts (task_id, number, worker, started_at, outcome, peak_memory, stderr)
  select id, attempt, worker, started_at, 'success', peak_memory, stderr from task
), event as (
  insert into darkroom.events (task_id, state, attempt)
  select id, 'SUCCESS', attempt from task
)
select id, queue, state from task`

const completeInPlace = statement(inPlace)
const completeAnywhere = statement(anywhere)

export async function complete(pool: Pool, endings: Ending[]): Promise<Settled[]> {
  const { rows } = await pool.query<Settled>({ name: 'complete', text: completeInPlace, values: [json(endings)] })
  if (rows.length === endings.length) return rows
  const settled = new Set(rows.map(({ id }) => id))
  const moved = endings.filter(({ id }) => !settled.has(id))
  return [...rows, ...(await pool.query<Settled>(completeAnywhere, [json(moved)])).rows]
}

export async function completeIn(trx: InTransaction, ending: Ending): Promise<Settled | undefined> {
  const { rows } = await trx.executeQuery(CompiledQuery.raw(completeAnywhere, [json([ending])]))
  return rows[0] as Settled | undefined
}

/** Results are JSON text already: they are put in as they are instead of being parsed and written again. */
function json(endings: Ending[]) {
  const rows = endings.map(({ result = 'null', ...ending }) => {
    const { id, queue, place, attempt, worker, started_at, peak_memory, stderr } = ending
    const rest = JSON.stringify({
      id,
      queue,
      place,
      attempt,
      worker,
      started_at,
      peak_memory,
      stderr: stderr ?? undefined
    })
    return `${rest.slice(0, -1)},"result":${result}}`
  })
  return `[${rows.join(',')}]`
}
