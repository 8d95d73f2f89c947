import type { Database } from '#database/connect.ts'
import { cursorAfter, page, placeOf } from '#database/page.ts'
import { isUuid } from '#schema/common.ts'
import type { TaskBody, TaskFilters, TaskPage } from '#tasks/schemas.ts'
import { findTasks } from './find.ts'
import { type Listed, type SearchLimits, searchTasks } from './search.ts'

/**
 * A page of tasks, newest first: the newest of each group of state, kind and queue that the filters allow. A failure
 * among a million successes costs what any other page costs.
 *
 * With many groups most of a whole page from each would be discarded. A few rows of each group give a time after which
 * there is a page's worth, and nothing older is read (with 120 groups 4 ms instead of 20).
 */
export const listTasksSql = `
with asked as materialized (
  select state, task, queue from darkroom.task_groups
  where ($1::text is null or state = $1) and ($2::text is null or task = $2) and ($3::text is null or queue = $3)
    and ($2 is not null or task <> all($4::text[]))
), start as materialized (
  select
    least($5::timestamptz, $7::timestamptz) as at,
    case when $7 <= $5 then '00000000-0000-0000-0000-000000000000' else $6::uuid end as id
), enough as materialized (
  select t.created_at from asked
  cross join lateral (
    select t.created_at from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start)) and t.created_at > $8::timestamptz
    order by t.created_at desc, t.id desc
    limit (select 1 + 2 * $9::int / greatest(count(*), 1) from asked)
  ) t
  order by t.created_at desc
  offset $9 - 1 limit 1
)
select id, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place
from (
  select t.id, t.created_at from asked
  cross join lateral (
    select t.id, t.created_at from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start)) and t.created_at > $8
      and t.created_at >= coalesce((select created_at from enough), '-infinity')
    order by t.created_at desc, t.id desc
    limit $9
  ) t
  order by t.created_at desc, t.id desc
  limit $9
) newest
order by created_at desc, id desc`

/** The same filters for a single task, found by its id. */
export const listTaskByIdSql = `
select t.id, to_char(t.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place
from darkroom.tasks t
where t.id = $9::uuid
  and ($1::text is null or t.state = $1) and ($2::text is null or t.task = $2) and ($3::text is null or t.queue = $3)
  and ($2 is not null or t.task <> all($4::text[]))
  and (t.created_at, t.id) < ($5::timestamptz, $6::uuid)
  and t.created_at < $7::timestamptz and t.created_at > $8::timestamptz
  and ($10::uuid is null or t.worker = $10) and ($11::text is null or t.tags @> array[$11])`

/** A page of the list; tasks of internal kinds are left out, unless `task` names one. */
export async function listTasks(
  db: Database,
  filters: TaskFilters,
  internal: readonly string[] = [],
  limits?: SearchLimits
): Promise<TaskPage> {
  const { limit = 50, worker, tag, q } = filters
  if (worker !== undefined && !isUuid(worker)) return { items: [], next_cursor: null, searched_until: null }
  const range = rangeOf(filters, internal)

  if (q !== undefined && isUuid(q)) {
    const values = [...range, q, worker, tag]
    const { rows } = await db.pool.query<Listed>({ name: 'list task by id', text: listTaskByIdSql, values })
    return { ...(await shown(db, rows, limit)), searched_until: null }
  }
  if (worker !== undefined || tag !== undefined || q !== undefined) {
    const { rows, stopped } = await searchTasks(db.pool, range, { worker, tag, q }, limit, limits)
    const found = await shown(db, rows, limit)
    if (!stopped) return { ...found, searched_until: null }
    return { items: found.items, next_cursor: cursorAfter(stopped), searched_until: stopped.place }
  }
  const { rows } = await db.pool.query<Listed>({
    name: 'list tasks',
    text: listTasksSql,
    values: [...range, limit + 1]
  })
  return { ...(await shown(db, rows, limit)), searched_until: null }
}

/** The filters of every list, as the first eight parameters of its statements. */
function rangeOf(filters: TaskFilters, internal: readonly string[]) {
  const { state, task, queue, cursor, created_before = 'infinity', created_after = '-infinity' } = filters
  const { at, id } = cursor === undefined ? newest : placeOf(cursor)
  return [state, task, queue, internal, at, id, created_before, created_after]
}

const newest = { at: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }

async function shown(db: Database, rows: Listed[], limit: number) {
  const { items, next_cursor } = page(rows, limit)
  const ids = items.map(({ id }) => id)
  const found = new Map((await findTasks(db, ids)).map(task => [task.id, task]))
  // A task that was forgotten between the two queries is left out.
  return { items: ids.map(id => found.get(id)).filter((task): task is TaskBody => task !== undefined), next_cursor }
}
