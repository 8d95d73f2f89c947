import type { Pool } from 'pg'
import { refuse } from '#schema/check.ts'
import { type Filters, readFilters } from '../listing/filters.ts'
import type { SearchLimits } from '../listing/search.ts'
import { tally } from './tally.ts'

export interface HistogramRange {
  from?: string
  to?: string
  buckets?: number
}

const day = 86_400_000
// Postgres does not read the year 0.
const earliest = Date.parse('0001-01-01T00:00:00Z')
export const usualBuckets = 120
export const mostBuckets = 500

/** How many tasks were submitted in each part of a time, by status; by default of the last 24 hours. */
export async function histogram(
  pool: Pool,
  { from, to, buckets = usualBuckets }: HistogramRange,
  filters: Filters,
  internal: readonly string[],
  limits?: SearchLimits,
  owner?: string
) {
  const end = to === undefined ? Date.now() : Date.parse(to)
  const begin = Math.max(earliest, from === undefined ? end - day : Date.parse(from))
  if (begin >= end) throw refuse([{ field: 'from', message: 'must be before to' }])
  const within = { ...filters, ...narrowed(filters, begin, end) }
  const asked = readFilters(within, internal, owner)
  const cut = { from: begin / 1000, to: end / 1000, count: buckets }
  const { counts, stopped } = await tally(pool, asked, cut, limits)

  const step = (end - begin) / buckets
  const items = Array.from({ length: buckets }, (_, index) => ({
    at: new Date(begin + index * step).toISOString(),
    ...Object.fromEntries(asked.statuses.map(status => [status, 0]))
  })) as ({ at: string } & Record<string, number>)[]
  for (const { bucket, status, count } of counts) items[bucket - 1]![status]! += count
  return { items, step: step / 1000, searched_until: stopped?.place ?? null }
}

/** From the begin on, and before the end; `created_after` does not include its time. */
function narrowed({ created_after, created_before }: Filters, begin: number, end: number) {
  const after = begin === earliest ? '-infinity' : new Date(begin - 1).toISOString().replace('Z', '999Z')
  const before = new Date(end).toISOString()
  return {
    created_after: created_after !== undefined && Date.parse(created_after) >= begin ? created_after : after,
    created_before: created_before !== undefined && Date.parse(created_before) < end ? created_before : before
  }
}
