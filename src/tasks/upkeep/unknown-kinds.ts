import type { Pool } from 'pg'
import { isRunning } from '#tasks/attempts/takers.ts'
import { lanes } from '#tasks/read/lanes.ts'

/** Tasks of a kind are counted up to one more than this. */
export const mostCounted = 1_000

const text = `
with recursive ${lanes}
select lanes.task as kind, sum(waiting.count)::int as waiting
from lanes
cross join lateral (
  select count(*) from (
    select from darkroom.tasks t
    where t.state = lanes.state and t.task = lanes.task and t.queue = lanes.queue
    limit ${mostCounted + 1}
  ) counted
) waiting
where lanes.state in ('PENDING', 'RETRY') and not exists (
  select from darkroom.workers w
  where ${isRunning} and lanes.task = any(w.kinds)
)
group by lanes.task
order by lanes.task`

/** Kinds whose tasks wait although no running worker knows them, and how many tasks that are. */
export async function findUnknownKinds(pool: Pool): Promise<{ kind: string; waiting: number }[]> {
  return (await pool.query<{ kind: string; waiting: number }>(text)).rows
}
