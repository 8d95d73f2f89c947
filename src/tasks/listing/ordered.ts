import type { Database } from '#database/connect.ts'
import { type Cut, encode, type Placed, placeOf } from '#database/page.ts'
import { InvalidCursor } from '#errors.ts'
import type { Asked } from './filters.ts'
import { rank, rankLongestBackSql, rankLongestSql, rankSoonestBackSql, rankSoonestSql } from './rank.ts'
import { type Found, followLimits, type Start, search, usualLimits } from './search.ts'
import { followScheduledToLaterSql, followScheduledToSoonerSql } from './search-sql.ts'
import type { Turn } from './turn.ts'
import { greatestId, leastId } from './ways.ts'

const first: Start = ['-infinity', leastId]
const last: Start = ['infinity', greatestId]

/** By when the tasks may start, which no index knows but for those whose time is to come. */
export async function listSoonest({ pool }: Database, asked: Asked, { limit, cursor, limits }: Turn): Promise<Found> {
  const place = cursor === undefined ? undefined : placeOf(cursor)
  const back = place?.back === true
  const start: Start = place ? [place.at, place.id] : first

  if (asked.onlyScheduled) {
    const statement = back
      ? { name: 'follow scheduled to sooner', text: followScheduledToSoonerSql }
      : { name: 'follow scheduled to later', text: followScheduledToLaterSql }
    return search(pool, { statement, asked, start, limit, limits: limits ?? followLimits })
  }
  const statement = back
    ? { name: 'rank soonest back', text: rankSoonestBackSql }
    : { name: 'rank soonest', text: rankSoonestSql }
  const sooner = (one: Placed, other: Placed) =>
    one.place === other.place ? one.id < other.id : one.place < other.place
  return rank(pool, {
    ...{ statement, asked, start: first, place: [...start], limit, limits: limits ?? usualLimits },
    before: (one, other) => sooner(one, other) !== back,
    // None that was submitted later may start earlier.
    settled: (latest, stop) => !back && latest.place < stop.place
  })
}

/** By how long the latest attempts took. A cursor also has the time by which running ones are measured. */
export async function listLongest({ pool }: Database, asked: Asked, { limit, cursor, limits }: Turn) {
  const place = cursor === undefined ? { back: false, now: Date.now(), start: mostMicroseconds } : rankOf(cursor)
  const { back, now, start } = place
  const statement = back
    ? { name: 'rank longest back', text: rankLongestBackSql }
    : { name: 'rank longest', text: rankLongestSql }
  const longer = (one: Placed, other: Placed) =>
    one.place === other.place ? one.id > other.id : Number(one.place) > Number(other.place)
  const { rows, stopped } = await rank(pool, {
    ...{ statement, asked, start: last, place: [...start, now], limit, limits: limits ?? usualLimits },
    before: (one, other) => longer(one, other) !== back
  })

  const cursorAt = (row: Placed | undefined, way: '' | '<') => row && encode(`${way}${now} ${row.place} ${row.id}`)
  function pageOf(rows: Placed[], limit: number): Cut<Placed> {
    const items = rows.slice(0, limit)
    if (back) items.reverse()
    const more = rows.length > limit
    return {
      items,
      next_cursor: ((back || more) && cursorAt(items.at(-1), '')) || null,
      prev_cursor: ((back ? more : cursor !== undefined) && cursorAt(items[0], '<')) || null
    }
  }
  return { rows, stopped, pageOf }
}

const mostMicroseconds = ['9223372036854775807', greatestId]

function rankOf(cursor: string) {
  const text = Buffer.from(cursor, 'base64url').toString()
  const [, way, now, microseconds, id] =
    /^(<?)(\d{1,14}) (-1|\d{1,18}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(text) ?? []
  if (now === undefined) throw new InvalidCursor()
  return { back: way === '<', now: Number(now), start: [microseconds!, id!] }
}
