import type { Pool } from 'pg'

/** A row of a list. `place` is its time as Postgres writes it: a JavaScript Date would lose the microseconds. */
export interface Listed {
  id: string
  place: string
}

export interface Search {
  worker?: string | undefined
  tag?: string | undefined
  /** Part of the name or description. */
  q?: string | undefined
}

export interface SearchLimits {
  /** Milliseconds after which a search returns what it has found. */
  budget: number
  /** Rows that the first slice reads; slices double while they are quick and are halved when they are slow. */
  firstSlice: number
}

const usual: SearchLimits = { budget: 2_000, firstSlice: 5_000 }
const [quick, slow] = [100, 400]

/**
 * A slice of a search that no index answers, newest first: at most about $10 rows are read. Where the slice ends is
 * decided per group: the latest of the rows that are as many behind the start as each group's share. Everything after
 * that row is in the slice, of every group. No such row: the slice reaches to the end.
 */
export const searchTasksSql = `
with asked as materialized (
  select state, task, queue from darkroom.task_groups
  where ($1::text is null or state = $1) and ($2::text is null or task = $2) and ($3::text is null or queue = $3)
    and ($2 is not null or task <> all($4::text[]))
), start as materialized (
  select
    least($5::timestamptz, $7::timestamptz) as at,
    case when $7 <= $5 then '00000000-0000-0000-0000-000000000000' else $6::uuid end as id
), stop as materialized (
  select t.created_at, t.id from asked
  cross join lateral (
    select t.created_at, t.id from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start)) and t.created_at > $8::timestamptz
    order by t.created_at desc, t.id desc
    offset (select $10::int / greatest(count(*), 1) from asked) limit 1
  ) t
  order by t.created_at desc, t.id desc
  limit 1
), found as (
  select t.id, t.created_at from asked
  cross join lateral (
    select t.id, t.created_at from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start)) and t.created_at > $8
      and t.created_at >= coalesce((select created_at from stop), '-infinity')
      and (
        t.created_at > coalesce((select created_at from stop), '-infinity') or t.id >= (select id from stop)
      )
      and ($11::uuid is null or t.worker = $11)
      and ($12::text is null or t.tags @> array[$12])
      and ($13::text is null or t.name ilike $13 or t.description ilike $13)
    order by t.created_at desc, t.id desc
    limit $9
  ) t
  order by t.created_at desc, t.id desc
  limit $9
)
select
  (
    select coalesce(json_agg(json_build_object(
      'id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    ) order by created_at desc, id desc), '[]')
    from found
  ) as found,
  (
    select json_build_object(
      'id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    )
    from stop
  ) as stop`

interface Slice {
  found: Listed[]
  stop: Listed | null
}

/**
 * Searches slice by slice, until it has one row more than a page, no rows are left, or the budget is spent; `stopped`
 * is the place that it has then reached. `range` is $1 to $8 of the statement.
 */
export async function searchTasks(
  pool: Pool,
  range: unknown[],
  { worker, tag, q }: Search,
  limit: number,
  { budget, firstSlice }: SearchLimits = usual
) {
  const [state, task, queue, internal, from, fromId, before, after] = range
  const pattern = q && `%${q.replaceAll(/[\\%_]/g, '\\$&')}%`
  const rows: Listed[] = []
  const since = performance.now()
  let start = [from, fromId]
  for (let size = firstSlice; ; ) {
    const asked = performance.now()
    const more = limit + 1 - rows.length
    const values = [state, task, queue, internal, ...start, before, after, more, size, worker, tag, pattern]
    const { rows: slices } = await pool.query<Slice>({ name: 'search tasks', text: searchTasksSql, values })
    const { found, stop } = slices[0]!
    rows.push(...found)
    const now = performance.now()
    if (rows.length > limit || !stop) return { rows, stopped: undefined }
    if (now - since > budget) return { rows, stopped: stop }
    start = [stop.place, stop.id]
    if (now - asked < quick) size *= 2
    else if (now - asked > slow) size = Math.max(firstSlice, size / 2)
  }
}
