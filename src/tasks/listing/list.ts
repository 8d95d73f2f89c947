import type { Database } from '#database/connect.ts'
import { type Cut, type Placed, page } from '#database/page.ts'
import { isUuid } from '#schema/common.ts'
import type { TaskPage } from '#tasks/schemas.ts'
import { listByTime } from './by-time.ts'
import { type Asked, readFilters } from './filters.ts'
import { readPage } from './in-full.ts'
import { listLongest, listSoonest } from './ordered.ts'
import type { TaskFilters } from './schemas.ts'
import type { Found, SearchLimits } from './search.ts'
import { beforeAll, searchByIdSql } from './search-sql.ts'

/** A page of the list; tasks of internal kinds are left out, unless `task` names one, and those of other owners where one is asked for. */
export async function listTasks(
  db: Database,
  filters: TaskFilters,
  internal: readonly string[] = [],
  limits?: SearchLimits,
  owner?: string
): Promise<TaskPage> {
  const { limit = 50, cursor, order = 'newest', q } = filters
  const asked = readFilters(filters, internal, owner)
  const byPlace: PageOf = (rows, limit, stopped) => page(rows, limit, cursor, stopped)

  if (q !== undefined && isUuid(q)) return shown(db, await listOne(db, asked, q, cursor), limit, byPlace)
  if (order === 'longest') {
    const { rows, stopped, pageOf } = await listLongest(db, asked, { limit, cursor, limits })
    return shown(db, { rows, stopped }, limit, pageOf)
  }
  if (order === 'soonest') return shown(db, await listSoonest(db, asked, { limit, cursor, limits }), limit, byPlace)
  return shown(db, await listByTime(db, asked, order, { limit, cursor, limits }), limit, byPlace)
}

async function listOne({ pool }: Database, asked: Asked, id: string, cursor: string | undefined): Promise<Found> {
  if (cursor !== undefined) return { rows: [], stopped: undefined }
  const values = [...asked.groups, ...beforeAll, ...asked.times, id, ...asked.conditions]
  const { rows } = await pool.query<Placed>({ name: 'search by id', text: searchByIdSql, values })
  return { rows, stopped: undefined }
}

type PageOf = (rows: Placed[], limit: number, stopped: Placed | undefined) => Cut<Placed>

/** Rows are in the order in which they were found; those beyond the limit only tell that there are more. */
async function shown(db: Database, { rows, stopped }: Found, limit: number, pageOf: PageOf): Promise<TaskPage> {
  const { tasks, count } = await readPage(
    db,
    rows.slice(0, limit).map(({ id }) => id)
  )
  // What does not fit comes with the next page, before the search goes on.
  const isCut = count < Math.min(limit, rows.length)
  const { items, ...cursors } = pageOf(rows, isCut ? count : limit, isCut ? undefined : stopped)
  const found = new Map(tasks.map(task => [task.id, task]))
  return {
    items: items.map(({ id }) => found.get(id)).filter(task => task !== undefined),
    ...cursors,
    searched_until: isCut ? null : (stopped?.place ?? null)
  }
}
