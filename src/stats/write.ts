import type { Pool } from 'pg'
import type { Cell } from './cells.ts'

// Milliseconds. Over a dead connection a statement would wait for a quarter of an hour.
const longest = 10_000

/**
 * Adds deltas to the minutes and returns the database's time. In the order of the primary key, as every statement that
 * writes to the minutes, so that processes never wait for each other in a circle. What is older than two hours is
 * dropped: its hour is summed up by then.
 */
export const writeMinutesSql = `
with written as (
  insert into darkroom.minutes as m (minute, task, queue, started, succeeded, failed, retried, wait_hist, run_hist)
  select minute, task, queue, started, succeeded, failed, retried, wait_hist, run_hist
  from jsonb_to_recordset($1::jsonb) as cell (
    minute timestamptz, task text, queue text, started int, succeeded int, failed int, retried int,
    wait_hist int[], run_hist int[]
  )
  where minute > now() - interval '2 hours'
  order by minute, task, queue
  on conflict (minute, task, queue) do update set
    started = m.started + excluded.started,
    succeeded = m.succeeded + excluded.succeeded,
    failed = m.failed + excluded.failed,
    retried = m.retried + excluded.retried,
    wait_hist = darkroom.add_hists(m.wait_hist, excluded.wait_hist),
    run_hist = darkroom.add_hists(m.run_hist, excluded.run_hist)
)
select clock_timestamp() as now`

export async function writeMinutes(pool: Pool, cells: Cell[]): Promise<Date> {
  const statement = {
    name: 'write minutes',
    text: writeMinutesSql,
    values: [JSON.stringify(cells)],
    query_timeout: longest
  }
  return (await pool.query<{ now: Date }>(statement)).rows[0]!.now
}
