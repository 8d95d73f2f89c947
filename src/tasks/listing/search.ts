import type { Pool } from 'pg'
import { isCancelled } from '#database/outage.ts'
import type { Placed } from '#database/page.ts'
import type { Asked } from './filters.ts'
import { greatestId, leastId } from './ways.ts'

export interface SearchLimits {
  /** Milliseconds after which a search returns what it has found. */
  budget: number
  /** Rows that the first slice reads; slices double while they are quick and are halved when they are slow. */
  firstSlice: number
}

export const usualLimits: SearchLimits = { budget: 2_000, firstSlice: 5_000 }
/** Through an index of its own a search finds what it looks for soon. */
export const followLimits: SearchLimits = { ...usualLimits, firstSlice: 500 }
// Milliseconds: no slice should take longer than 250.
const [quick, slow] = [60, 150]
const smallest = 100

/** A place in a list: a time and an id. */
export type Start = readonly [at: string, id: string]

interface Slice {
  found: Placed[]
  stop: Placed | null
}

interface Search {
  statement: { name: string; text: string }
  asked: Asked
  start: Start
  limit: number
  limits?: SearchLimits | undefined
}

export interface Found {
  rows: Placed[]
  /** Where it ran out of time; undefined if everything was searched, or a page was found. */
  stopped: Placed | undefined
}

/** Searches slice by slice, until it has one row more than a page, no rows are left, or the budget is spent. */
export async function search(
  pool: Pool,
  { statement, asked, start, limit, limits = usualLimits }: Search
): Promise<Found> {
  const rows: Placed[] = []
  const stopped = await inSlices(limits, start, async ([at, id], size) => {
    const more = limit + 1 - rows.length
    const values = [...asked.groups, at, id, ...asked.times, more, ...asked.conditions, size]
    const { rows: slices } = await pool.query<Slice>({ ...statement, values })
    const { found, stop } = slices[0]!
    rows.push(...found)
    return rows.length > limit ? null : stop
  })
  return { rows, stopped }
}

/**
 * Reads slices until one says null, or the budget is spent: then the answer is the place that was reached. A slice that
 * Postgres cancels was too large.
 */
export async function inSlices(
  { budget, firstSlice }: SearchLimits,
  start: Start,
  read: (start: Start, size: number) => Promise<Placed | null>
): Promise<Placed | undefined> {
  const since = performance.now()
  let [at, id] = start
  for (let size = firstSlice; ; ) {
    const asked = performance.now()
    try {
      const stop = await read([at, id], size)
      if (!stop) return undefined
      at = stop.place
      id = stop.id
    } catch (error) {
      if (!isCancelled(error)) throw error
      size = Math.max(smallest, size / 8)
    }
    const now = performance.now()
    if (now - since > budget) return reached(at, id)
    if (now - asked < quick) size *= 2
    else if (now - asked > slow) size = Math.max(smallest, size / 2)
    size = Math.floor(size)
  }
}

/** The start of a list is no moment: nothing later than now, and nothing earlier than the year 1, was searched. */
function reached(at: string, id: string): Placed {
  if (at === 'infinity') return { place: new Date().toISOString().replace('Z', '000Z'), id: greatestId }
  if (at === '-infinity') return { place: '0001-01-01T00:00:00.000000Z', id: leastId }
  return { place: at, id }
}
