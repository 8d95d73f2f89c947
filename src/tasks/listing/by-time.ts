import type { Pool } from 'pg'
import type { Database } from '#database/connect.ts'
import { type Placed, placeOf } from '#database/page.ts'
import type { Asked } from './filters.ts'
import * as statements from './list-sql.ts'
import { type Found, followLimits, type Start, search, usualLimits } from './search.ts'
import * as searches from './search-sql.ts'
import type { Turn } from './turn.ts'
import { greatestId, leastId } from './ways.ts'

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

/** In the order in which tasks were submitted. */
export async function listByTime(
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
