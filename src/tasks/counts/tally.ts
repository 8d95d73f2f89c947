import type { Pool } from 'pg'
import type { State } from '#database/tables.ts'
import type { Status } from '#tasks/words.ts'
import { statusOfState } from '#tasks/words.ts'
import type { Asked } from '../listing/filters.ts'
import { inSlices, type SearchLimits, type Start } from '../listing/search.ts'
import { greatestId } from '../listing/ways.ts'
import { tallySearchSql, tallySql } from './tally-sql.ts'

/** How many tasks of a status, kind and queue are in a bucket. */
export interface Tally {
  status: Status
  task: string
  queue: string
  bucket: number
  count: number
}

interface Slice {
  found: { state: State; task: string; queue: string; scheduled: boolean; bucket: number; count: number }[]
  stop: { id: string; place: string } | null
}

/** Seconds, cut into so many buckets; without it all tasks are in one. */
export interface Buckets {
  from: number
  to: number
  count: number
}

const newest: Start = ['infinity', greatestId]
// Milliseconds; an index alone answers faster than a search.
const ofSearch: SearchLimits = { budget: 1_000, firstSlice: 5_000 }
const ofIndex: SearchLimits = { budget: 1_000, firstSlice: 20_000 }

/** Counts slice by slice, newest first; `stopped` is where the time ran out. */
export async function tally(pool: Pool, asked: Asked, buckets?: Buckets, limits?: SearchLimits) {
  const counts: Tally[] = []
  const searches = asked.searches || buckets === undefined
  const cut = buckets ? [buckets.from, buckets.to, buckets.count] : [0, 1, 1]
  const stopped = await inSlices(limits ?? (searches ? ofSearch : ofIndex), newest, async ([at, id], size) => {
    const range = [...asked.groups, at, id, ...asked.times]
    const { rows } = searches
      ? await pool.query<Slice>({
          name: 'tally search',
          text: tallySearchSql,
          values: [...range, buckets ? null : 1, ...asked.conditions, size, ...cut]
        })
      : await pool.query<Slice>({ name: 'tally', text: tallySql, values: [...range, size, ...cut] })
    const { found, stop } = rows[0]!
    for (const { state, scheduled, ...rest } of found) {
      const status = statusOfState(state, scheduled)
      if (asked.statuses.includes(status)) counts.push({ status, ...rest })
    }
    return stop
  })
  return { counts, stopped }
}
