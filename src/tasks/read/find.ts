import type { Database } from '#database/connect.ts'
import { isUuid } from '#schema/common.ts'
import { shownColumns } from '#tasks/columns.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { present } from './present.ts'

export async function findTask(db: Database, id: string): Promise<TaskBody | undefined> {
  const [task] = isUuid(id) ? await findTasks(db, [id]) : []
  return task
}

/**
 * Tasks with the results that their jobs keep, in any order. An expired result is not shown, whether or not it has
 * been removed yet: expiry is exact to the second.
 */
export async function findTasks({ pool }: Database, ids: string[]): Promise<TaskBody[]> {
  const { rows } = await pool.query({ name: 'find_tasks', text: findTasksSql, values: [ids] })
  return rows.map(present)
}

// Prepared, and with one possible plan: one index lookup for a task and one for its job. Only the primary key can answer
// a range of ids. For `id = t.id` a Postgres that knows nothing about the table yet takes an index on the queue's name
// and reads jobs in vain: 500 among 1,000.
export const findTasksSql = `
select
    ${shownColumns},
  case when t.state = 'SUCCESS' and j.readable then j.output end as result,
  t.state = 'SUCCESS' and j.readable is not true as result_expired
from unnest($1::uuid[]) wanted (id)
join darkroom.tasks t on t.id = wanted.id
left join lateral (
  select output, completed_on + deletion_seconds * interval '1 second' > now() as readable
  from pgboss.job where name = t.queue and id >= t.id and id <= t.id order by id limit 1
) j on true`
