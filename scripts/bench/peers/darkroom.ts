import { fillHistory } from '../history.ts'
import { startService } from '../service.ts'
import type { Contender } from './contender.ts'

/** Ourselves, as `scripts/server` starts us; with so many finished tasks in the tables. `folder` has a kind `stamp`. */
export async function startDarkroom(folder: string, history = 0): Promise<Contender> {
  const { address, database, pid, stop } = await startService({ TASKS_DIR: folder, LOG_LEVEL: 'warn' })
  if (history > 0) await fillHistory(database, history)
  const { rows } = await database.query(
    `select split_part(pg_read_file('postmaster.pid'), e'\\n', 1)::int as postmaster`
  )
  return {
    address,
    usual: { path: '/api/tasks/process', body: { data: 'hello' } },
    stamp: { path: '/api/tasks', body: { task: 'stamp' } },
    pids: [pid, rows[0].postmaster],
    async result(id) {
      const answer = await fetch(`${address}/api/tasks/${id}?wait=30`)
      return ((await answer.json()) as { result: number }).result
    },
    async lastEnd(tasks) {
      // Each half has an index: a table with a million finished jobs is not read.
      const { rows } = await database.query<{ open: boolean; last: number }>(
        `select
          exists (select from pgboss.job where name = 'default' and state < 'active' and not blocked)
            or exists (select from pgboss.job where name = 'default' and state = 'active') as open,
          (select extract(epoch from max(finished_at)) * 1000 from (
            select finished_at from darkroom.tasks where task = 'process_data' order by created_at desc limit ${tasks}
          ) last)::float8 as last`
      )
      return rows[0]!.open ? undefined : rows[0]!.last
    },
    stop
  }
}
