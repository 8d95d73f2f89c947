import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Database } from '#database/connect.ts'
import { after, page, place } from '#database/page.ts'
import { isUuid } from '#schema/common.ts'
import { internalKinds } from '#tasks/internal.ts'
import type { TaskBody, TaskFilters } from '#tasks/schemas.ts'
import { findTasks } from './find.ts'
import { lanes } from './lanes.ts'

/**
 * A page of tasks, newest first: of the combinations of state, kind and queue that are asked for, the newest tasks of
 * each. So a failure among a million successes costs what any other page costs.
 *
 * Where there are many combinations, nearly all of what each could give would be thrown away: a few of each are enough
 * to know a time after which there is a page's worth, and nothing older is looked at (with 120 of them 4 ms, and not 20).
 */
export async function listTasks(db: Database, filters: TaskFilters) {
  const { limit = 50, worker } = filters
  if (worker !== undefined && !isUuid(worker)) return { items: [], next_cursor: null }

  const newestOf = (most: RawBuilder<unknown>, since = sql``) => sql`
    select id, created_at from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue ${and(rowFilters(filters))} ${since}
    order by t.created_at desc, t.id desc
    limit ${most}`

  const { rows } = await sql<{ id: string; place: string }>`
    with recursive ${sql.raw(lanes)}, asked as materialized (
      select * from lanes where true ${and(laneFilters(filters))}
    ), enough as materialized (
      select t.created_at from asked
      cross join lateral (
        ${newestOf(sql`(select 1 + ${2 * (limit + 1)}::int / greatest(count(*), 1) from asked)`)}
      ) t
      where ${bounded(filters)}
      order by t.created_at desc
      offset ${limit} limit 1
    )
    select id, ${place('created_at')} as place
    from (
      select t.id, t.created_at from asked
      cross join lateral (
        ${newestOf(sql`${limit + 1}`, sql`and t.created_at >= coalesce((select created_at from enough), '-infinity')`)}
      ) t
      order by t.created_at desc, t.id desc
      limit ${limit + 1}
    ) newest
    order by created_at desc, id desc
  `.execute(db.query)

  const { items, next_cursor } = page(rows, limit)
  const found = new Map(
    (
      await findTasks(
        db,
        items.map(({ id }) => id)
      )
    ).map(task => [task.id, task])
  )
  // One that was forgotten between the two questions is simply not there.
  return {
    items: items.map(({ id }) => found.get(id)).filter((task): task is TaskBody => task !== undefined),
    next_cursor
  }
}

/** What no index knows is looked for once, not twice. */
function bounded({ worker, tag, q }: TaskFilters) {
  return worker === undefined && tag === undefined && q === undefined ? sql<SqlBool>`true` : sql<SqlBool>`false`
}

function laneFilters({ state, task, queue }: TaskFilters) {
  return [
    state !== undefined && sql<SqlBool>`state = ${state}`,
    task === undefined ? sql<SqlBool>`task <> all(${internalKinds}::text[])` : sql<SqlBool>`task = ${task}`,
    queue !== undefined && sql<SqlBool>`queue = ${queue}`
  ]
}

function rowFilters({ cursor, worker, tag, q, created_after, created_before }: TaskFilters) {
  return [
    cursor !== undefined && after({ at: 't.created_at', id: 't.id' }, cursor),
    worker !== undefined && sql<SqlBool>`t.worker = ${worker}::uuid`,
    tag !== undefined && sql<SqlBool>`t.tags @> array[${tag}]::text[]`,
    q !== undefined && matches(q),
    created_after !== undefined && sql<SqlBool>`t.created_at > ${created_after}::timestamptz`,
    created_before !== undefined && sql<SqlBool>`t.created_at < ${created_before}::timestamptz`
  ]
}

function and(conditions: (RawBuilder<SqlBool> | false)[]) {
  return sql.join(
    conditions.filter(condition => condition !== false).map(condition => sql`and ${condition}`),
    sql` `
  )
}

function matches(q: string) {
  if (isUuid(q)) return sql<SqlBool>`t.id = ${q}::uuid`
  const pattern = `%${q.replaceAll(/[\\%_]/g, '\\$&')}%`
  return sql<SqlBool>`(t.name ilike ${pattern} or t.description ilike ${pattern})`
}
