import type { Database } from '#database/connect.ts'
import { largestPage, stored, thatFit, type Weighed } from '#database/fitting.ts'
import { shownColumns } from '#tasks/columns.ts'
import { present, type Row } from '#tasks/read/present.ts'
import type { TaskBody } from '#tasks/schemas.ts'

/**
 * The first tasks of a list, as far as they fit into a page, and at least one. Sizes are those of the stored values,
 * which Postgres tells without reading the values themselves.
 */
export const readPageSql = `
select
    ${shownColumns},
  case when t.state = 'SUCCESS' and t.readable then t.output end as result,
  t.state = 'SUCCESS' and t.readable is not true as result_expired,
  t.place::int as place, t.before::float8 as before, t.last::int as last
from (
  select
    t.*, j.output, j.readable, wanted.place, max(wanted.place) over () as last,
    coalesce(
      sum(${['t.args', 't.progress_detail', 't.error', 'j.output'].map(stored).join('\n      + ')})
        over (order by wanted.place rows between unbounded preceding and 1 preceding),
      0
    ) as before
  from unnest($1::uuid[]) with ordinality wanted (id, place)
  join darkroom.tasks t on t.id = wanted.id
  left join lateral (
    select output, completed_on + deletion_seconds * interval '1 second' > now() as readable
    from pgboss.job where name = t.queue and id >= t.id and id <= t.id order by id limit 1
  ) j on true
) t
where t.before < $2
order by t.place`

export interface Fitting {
  tasks: TaskBody[]
  /** Of how many rows; a task that was forgotten meanwhile counts without being among them. */
  count: number
}

interface Placed extends Row, Weighed {
  place: number
  last: number
}

export async function readPage({ pool }: Database, ids: string[]): Promise<Fitting> {
  const { rows } = await pool.query<Placed>({ name: 'read page', text: readPageSql, values: [ids, largestPage] })
  const fitting = thatFit(rows, ({ args, result, progress_detail }) => [args, result, progress_detail])
  const end = fitting.at(-1)
  return { tasks: fitting.map(present), count: end && end.place < end.last ? end.place : ids.length }
}
