import type { Pool } from 'pg'
import { findUnknownKinds } from '#tasks/upkeep/unknown-kinds.ts'
import { type Problem, tasksWait } from '../problem.ts'

/** Since when the oldest of them waits, at most so many groups of state and queue. */
export const oldestOfKindSql = `
select min(oldest.created_at) as since
from darkroom.task_groups g
cross join lateral (
  select t.created_at from darkroom.tasks t
  where t.state = g.state and t.task = g.task and t.queue = g.queue
  order by t.created_at limit 1
) oldest
where g.task = $1 and g.state in ('PENDING', 'RETRY')`

export async function kindProblems(pool: Pool): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const { kind, waiting } of await findUnknownKinds(pool)) {
    const { rows } = await pool.query<{ since: Date | null }>(oldestOfKindSql, [kind])
    problems.push({
      code: 'kind_without_workers',
      sentence: `No running worker knows the kind "${kind}", and ${tasksWait(waiting)} of it: start a worker whose TASKS_DIR has it, or cancel them`,
      since: rows[0]!.since,
      severity: 'critical',
      subject: { type: 'kind', id: kind },
      actions: []
    })
  }
  return problems
}
