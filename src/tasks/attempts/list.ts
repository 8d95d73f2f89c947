import type { Database } from '#database/connect.ts'
import type { AttemptError } from '#database/tables.ts'
import { isUuid } from '#schema/common.ts'
import type { AttemptBody } from './schemas.ts'

// One statement, so that an attempt that ends meanwhile appears exactly once: it moves from the task's row to the
// finished attempts. A task without attempts is one row of nulls.
export const listAttemptsSql = `
select a.number, a.worker, a.started_at, a.finished_at, a.outcome, a.error, a.exit_code, a.signal, a.peak_memory,
  coalesce(a.stderr, l.tail) as stderr
from darkroom.tasks t
left join lateral (
  select number, worker, started_at, finished_at, outcome, error, exit_code, signal, peak_memory, stderr
  from darkroom.attempts where task_id = t.id
  union all
  select t.attempts, t.worker, t.started_at, null, null, null, null, null, null, null where t.state = 'STARTED'
) a on true
left join darkroom.attempt_logs l on l.task_id = t.id and l.attempt = a.number
where t.id = $1
order by a.number`

interface Row extends Omit<AttemptBody, 'started_at' | 'finished_at' | 'error'> {
  started_at: Date
  finished_at: Date | null
  error: AttemptError | null
}

/** Every attempt at a task, first to last, a running one included; undefined if there is no such task. */
export async function listAttempts({ pool }: Database, id: string): Promise<AttemptBody[] | undefined> {
  if (!isUuid(id)) return undefined
  const { rows } = await pool.query<Row>({ name: 'attempts', text: listAttemptsSql, values: [id] })
  if (rows.length === 0) return undefined
  return rows
    .filter(({ number }) => number !== null)
    .map(({ started_at, finished_at, error, ...attempt }) => ({
      ...attempt,
      error: error && { type: error.type, message: error.message, stack: error.stack ?? null },
      started_at: started_at.toISOString(),
      finished_at: finished_at?.toISOString() ?? null
    }))
}
