import type { Pool } from 'pg'
import type { Ending, Settled } from './ending.ts'

/**
 * Endings that are already committed: the connection broke between the commit and its answer. Without this query the
 * second write would take the attempt for lost, and discard the files of a success.
 */
export const findSettledSql = `
select t.id, t.task, t.queue, t.state
from jsonb_to_recordset($1::jsonb) as ending (id uuid, attempt int, worker uuid, outcome text)
join darkroom.attempts a
  on a.task_id = ending.id and a.number = ending.attempt and a.worker = ending.worker and a.outcome = ending.outcome
join darkroom.tasks t on t.id = a.task_id`

export async function findSettled(pool: Pool, endings: Ending[]): Promise<Settled[]> {
  const keys = endings.map(({ id, attempt, worker, outcome }) => ({ id, attempt, worker, outcome }))
  const { rows } = await pool.query<Settled>(findSettledSql, [JSON.stringify(keys)])
  return rows
}
