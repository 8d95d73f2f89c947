import type { Pool } from 'pg'
import { isRunning } from '#tasks/attempts/takers.ts'

/** Tasks of a kind are counted up to one more than this. */
export const mostCounted = 1_000

export const unknownKindsSql = `
select kinds_waiting.task as kind, sum(waiting.count)::int as waiting
from darkroom.task_groups kinds_waiting
cross join lateral (
  select count(*) from (
    select from darkroom.tasks t
    where t.state = kinds_waiting.state and t.task = kinds_waiting.task and t.queue = kinds_waiting.queue
    limit ${mostCounted + 1}
  ) counted
) waiting
where kinds_waiting.state in ('PENDING', 'RETRY') and not exists (
  select from darkroom.workers w
  where ${isRunning} and kinds_waiting.task = any(w.kinds || w.withheld_kinds)
)
group by kinds_waiting.task
order by kinds_waiting.task`

/** Kinds that have waiting tasks and no running worker that knows them, with the number of those tasks. */
export async function findUnknownKinds(pool: Pool): Promise<{ kind: string; waiting: number }[]> {
  return (await pool.query<{ kind: string; waiting: number }>(unknownKindsSql)).rows
}
