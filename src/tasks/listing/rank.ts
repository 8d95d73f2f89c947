import type { Pool } from 'pg'
import type { Placed } from '#database/page.ts'
import { conditions, ranAt } from './conditions.ts'
import type { Asked } from './filters.ts'
import { inSlices, type SearchLimits, type Start } from './search.ts'
import { inSlice, sliceOf, sliceStop } from './search-sql.ts'
import { placed, toNewer, toOlder, type Way } from './ways.ts'

interface Ranking {
  /** The way in which the tasks are read. */
  way: Way
  /** What they are ordered by, its type, and as a cursor has it. */
  key: string
  type: string
  text: string
}

/**
 * The $10 best of a slice, in an order that no index has, beyond the place ($28, $29). A search keeps the best of all
 * slices.
 */
const rankSql = ({ way, key, type, text }: Ranking, on: '<' | '>', order = on === '<' ? 'desc' : 'asc') => `
with ${sliceOf(way)}, found as (
  select t.id, t.key from asked
  cross join lateral (
    select t.id, ${key} as key from darkroom.tasks t
    where ${inSlice(way)}
      and ${conditions}
  ) t
  where (t.key, t.id) ${on} ($28::${type}, $29::uuid)
  order by t.key ${order}, t.id ${order}
  limit $10::int
)
select
  (
    select coalesce(json_agg(json_build_object('id', id, 'place', ${text}) order by key ${order}, id ${order}), '[]')
    from found
  ) as found,
  ${sliceStop}`

// By when a task may start: never before it was submitted.
const soonest: Ranking = {
  way: toNewer,
  key: 'greatest(t.created_at, t.eta)',
  type: 'timestamptz',
  text: placed('key')
}
// Microseconds; a task that has not run is at the end. $30 is the time of the first page.
const longest: Ranking = {
  way: toOlder,
  key: `coalesce((extract(epoch from ${ranAt('to_timestamp($30::float8 / 1000)')}) * 1000000)::bigint, -1)`,
  type: 'bigint',
  text: 'key::text'
}

export const rankSoonestSql = rankSql(soonest, '>')
export const rankSoonestBackSql = rankSql(soonest, '<')
export const rankLongestSql = rankSql(longest, '<')
export const rankLongestBackSql = rankSql(longest, '>')

interface Slice {
  found: Placed[]
  stop: Placed | null
}

interface Rank {
  statement: { name: string; text: string }
  asked: Asked
  /** Where the reading starts. */
  start: Start
  /** The place in the order, and what else the statement needs. */
  place: unknown[]
  limit: number
  limits: SearchLimits
  /** Whether the first of two comes first in the order. */
  before: (one: Placed, other: Placed) => boolean
  /** Whether tasks beyond a place of the reading cannot come before this one any more. */
  settled?: (last: Placed, stop: Placed) => boolean
}

/** The best of all tasks that fit; `stopped` is where the reading ran out of time. */
export async function rank(
  pool: Pool,
  { statement, asked, start, place, limit, limits, before, settled = () => false }: Rank
) {
  let rows: Placed[] = []
  const stopped = await inSlices(limits, start, async ([at, id], size) => {
    const values = [...asked.groups, at, id, ...asked.times, limit + 1, ...asked.conditions, size, ...place]
    const { rows: slices } = await pool.query<Slice>({ ...statement, values })
    const { found, stop } = slices[0]!
    rows = [...rows, ...found].sort((one, other) => (before(one, other) ? -1 : 1)).slice(0, limit + 1)
    return stop && rows.length > limit && settled(rows.at(-1)!, stop) ? null : stop
  })
  return { rows, stopped }
}
