import type { Pool } from 'pg'
import type { Database } from '#database/connect.ts'
import { type Cut, type Placed, page, placeOf } from '#database/page.ts'
import { isUuid } from '#schema/common.ts'
import type { TaskPage } from '#tasks/schemas.ts'
import { type Asked, readFilters } from './filters.ts'
import { readPage } from './in-full.ts'
import * as statements from './list-sql.ts'
import { listLongest, listSoonest } from './ordered.ts'
import type { TaskFilters } from './schemas.ts'
import { type Found, followLimits, type SearchLimits, type Start, search, usualLimits } from './search.ts'
import * as searches from './search-sql.ts'
import { greatestId, leastId } from './ways.ts'

export interface Turn {
  limit: number
  cursor: string | undefined
  limits: SearchLimits | undefined
}

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
  const values = [...asked.groups, ...searches.beforeAll, ...asked.times, id, ...asked.conditions]
  const { rows } = await pool.query<Placed>({ name: 'search by id', text: searches.searchByIdSql, values })
  return { rows, stopped: undefined }
}

const ends: Record<'toOlder' | 'toNewer', Start> = {
  toOlder: ['infinity', greatestId],
  toNewer: ['-infinity', leastId]
}
const byTime = {
  toOlder: {
    list: { name: 'list to older', text: statements.listToOlderSql },
    search: { name: 'search to older', text: searches.searchToOlderSql },
    schedule: { name: 'follow schedule to older', text: searches.followScheduleToOlderSql },
    video: { name: 'follow video to older', text: searches.followVideoToOlderSql },
    owner: { name: 'follow owner to older', text: searches.followOwnerToOlderSql }
  },
  toNewer: {
    list: { name: 'list to newer', text: statements.listToNewerSql },
    search: { name: 'search to newer', text: searches.searchToNewerSql },
    schedule: { name: 'follow schedule to newer', text: searches.followScheduleToNewerSql },
    video: { name: 'follow video to newer', text: searches.followVideoToNewerSql },
    owner: { name: 'follow owner to newer', text: searches.followOwnerToNewerSql }
  }
}

async function listByTime(
  { pool }: Database,
  asked: Asked,
  order: 'newest' | 'oldest',
  { limit, cursor, limits }: Turn
): Promise<Found> {
  const place = cursor === undefined ? undefined : placeOf(cursor)
  const back = place?.back === true
  const way = (order === 'newest') === back ? 'toNewer' : 'toOlder'
  const start: Start = place ? [place.at, place.id] : ends[way]
  return readOn(pool, asked, { way, start, limit, limits })
}

interface On extends Omit<Turn, 'cursor'> {
  way: keyof typeof byTime
  start: Start
}

/** One row more than the limit, if there are so many, from a place on. */
export async function readOn(pool: Pool, asked: Asked, { way, start, limit, limits }: On): Promise<Found> {
  if (asked.searches || asked.splits) {
    const { search: all, schedule, video, owner } = byTime[way]
    const follow =
      asked.owner !== undefined
        ? owner
        : asked.video !== undefined
          ? video
          : asked.schedule !== undefined
            ? schedule
            : undefined
    const usual = follow ? followLimits : usualLimits
    return search(pool, { statement: follow ?? all, asked, start, limit, limits: limits ?? usual })
  }
  const values = [...asked.groups, ...start, ...asked.times, limit + 1]
  const { rows } = await pool.query<Placed>({ ...byTime[way].list, values })
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
