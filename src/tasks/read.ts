import { type SqlBool, sql } from 'kysely'
import type { Database } from '#database/connect.ts'
import { after, page, place } from '#database/page.ts'
import { isUuid } from '#schema/common.ts'
import { present } from './present.ts'
import type { TaskBody, TaskFilters } from './schemas.ts'

/**
 * A task with the result that its job keeps. A result whose time is over is not shown, whether or not it has been
 * removed yet: expiry is exact to the second.
 */
function tasksWithResults({ query }: Database) {
  return query
    .selectFrom('tasks as t')
    .leftJoin('pgboss.job as j', join => join.onRef('j.name', '=', 't.queue').onRef('j.id', '=', 't.id'))
    .selectAll('t')
    .select([
      sql<unknown>`case when t.state = 'SUCCESS' and ${unexpired} then j.output end`.as('result'),
      sql<boolean>`t.state = 'SUCCESS' and not coalesce(${unexpired}, false)`.as('result_expired'),
      place('t.created_at').as('place')
    ])
}

const unexpired = sql<boolean>`j.completed_on + j.deletion_seconds * interval '1 second' > now()`

export async function findTask(db: Database, id: string): Promise<TaskBody | undefined> {
  if (!isUuid(id)) return undefined
  const row = await tasksWithResults(db).where('t.id', '=', id).executeTakeFirst()
  return row && present(row)
}

export async function listTasks(db: Database, filters: TaskFilters) {
  const { limit = 50, cursor, state, task, queue, worker, tag, q, created_after, created_before } = filters
  if (worker !== undefined && !isUuid(worker)) return { items: [], next_cursor: null }
  const rows = await tasksWithResults(db)
    .$if(cursor !== undefined, query => query.where(after({ at: 't.created_at', id: 't.id' }, cursor!)))
    .$if(state !== undefined, query => query.where('t.state', '=', state!))
    .$if(task !== undefined, query => query.where('t.task', '=', task!))
    .$if(queue !== undefined, query => query.where('t.queue', '=', queue!))
    .$if(worker !== undefined, query => query.where('t.worker', '=', worker!))
    .$if(tag !== undefined, query => query.where(sql<SqlBool>`${[tag]}::text[] <@ t.tags`))
    .$if(q !== undefined, query => query.where(matches(q!)))
    .$if(created_after !== undefined, query => query.where('t.created_at', '>', new Date(created_after!)))
    .$if(created_before !== undefined, query => query.where('t.created_at', '<', new Date(created_before!)))
    .orderBy('t.created_at', 'desc')
    .orderBy('t.id', 'desc')
    .limit(limit + 1)
    .execute()
  const { items, next_cursor } = page(rows, limit)
  return { items: items.map(present), next_cursor }
}

function matches(q: string) {
  if (isUuid(q)) return sql<SqlBool>`t.id = ${q}`
  const pattern = `%${q.replaceAll(/[\\%_]/g, '\\$&')}%`
  return sql<SqlBool>`(t.name ilike ${pattern} or t.description ilike ${pattern})`
}
