import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Database } from '#database/connect.ts'
import { after, page, place } from '#database/page.ts'
import { isUuid } from '#schema/common.ts'
import { findTasks } from './read.ts'
import type { TaskBody, TaskFilters } from './schemas.ts'

/**
 * A page of tasks, newest first. Few combinations of state, kind and queue exist, however many tasks do: they are
 * found by skipping through the index from one to the next, and the newest tasks are taken from each that is asked
 * for. So a failure among a million successes costs what any other page costs.
 */
export async function listTasks(db: Database, filters: TaskFilters) {
  const { limit = 50, worker } = filters
  if (worker !== undefined && !isUuid(worker)) return { items: [], next_cursor: null }

  const { rows } = await sql<{ id: string; place: string }>`
    with recursive lanes as (
      (select state, task, queue from darkroom.tasks order by state, task, queue limit 1)
      union all
      select next.* from lanes
      cross join lateral (
        select state, task, queue from darkroom.tasks t
        where (t.state, t.task, t.queue) > (lanes.state, lanes.task, lanes.queue)
        order by state, task, queue limit 1
      ) next
    )
    select t.id, ${place('t.created_at')} as place
    from lanes
    cross join lateral (
      select id, created_at from darkroom.tasks t
      where t.state = lanes.state and t.task = lanes.task and t.queue = lanes.queue ${and(rowFilters(filters))}
      order by t.created_at desc, t.id desc
      limit ${limit + 1}
    ) t
    where true ${and(laneFilters(filters))}
    order by t.created_at desc, t.id desc
    limit ${limit + 1}
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

function laneFilters({ state, task, queue }: TaskFilters) {
  return [
    state !== undefined && sql<SqlBool>`lanes.state = ${state}`,
    task !== undefined && sql<SqlBool>`lanes.task = ${task}`,
    queue !== undefined && sql<SqlBool>`lanes.queue = ${queue}`
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
