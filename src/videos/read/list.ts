import { sql } from 'kysely'
import type { Database } from '#database/connect.ts'
import { beside, type Placed, page, place, placeOf } from '#database/page.ts'
import { refuse } from '#schema/check.ts'
import { inSlices, type SearchLimits, type Start, usualLimits } from '#tasks/listing/search.ts'
import { greatestId } from '#tasks/listing/ways.ts'
import { readWords } from '#tasks/listing/words.ts'
import { findVideos, selectVideos, type VideoRow } from '../queries.ts'
import { type VideoFilters, videoStatuses } from '../schemas.ts'

const slice = (on: '<' | '>', order: 'asc' | 'desc', back: 'asc' | 'desc') => `
with slice as materialized (
  select f.id, f.created_at, f.filename from darkroom.films f
  where (f.created_at, f.id) ${on} ($1::timestamptz, $2::uuid) and f.created_at < $3 and f.created_at > $4
    and ($10::text is null or f.owner = $10)
  order by f.created_at ${order}, f.id ${order}
  limit $5
)
select
  (
    select coalesce(json_agg(
      json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
      order by created_at ${order}, id ${order}
    ), '[]')
    from (
      select s.id, s.created_at from slice s
      join darkroom.videos v on v.id = s.id
      where ($6::text is null or s.filename ilike $6)
        and ($7::text[] is null or v.status = any($7)) and v.status <> all($8::text[])
      order by s.created_at ${order}, s.id ${order}
      limit $9
    ) fits
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    from slice
    where (select count(*) from slice) = $5
    order by created_at ${back}, id ${back} limit 1
  ) as stop`

/** A slice of the films: their status is derived, so no index answers it. */
export const searchVideosToOlderSql = slice('<', 'desc', 'asc')
export const searchVideosToNewerSql = slice('>', 'asc', 'desc')

/** A page of films, newest first; only those of an owner where one is asked for. */
export async function listVideos(db: Database, filters: VideoFilters, limits?: SearchLimits, owner?: string) {
  const { limit = 50, cursor, status, q, created_before, created_after } = filters
  if (status !== undefined || q !== undefined) return searchVideos(db, filters, limits, owner)

  const { condition, order } = beside({ at: 'v.created_at', id: 'v.id' }, cursor)
  const rows = await selectVideos(db)
    .select(place('v.created_at').as('place'))
    .where(condition)
    .$if(owner !== undefined, query => query.where('v.owner', '=', owner!))
    .$if(created_before !== undefined, query => query.where('v.created_at', '<', time(created_before!)))
    .$if(created_after !== undefined, query => query.where('v.created_at', '>', time(created_after!)))
    .orderBy('v.created_at', order)
    .orderBy('v.id', order)
    .limit(limit + 1)
    .execute()
  return { ...page(rows, limit, cursor), searched_until: null }
}

/** A JavaScript Date would lose the microseconds. */
function time(text: string) {
  return sql<Date>`${text}::timestamptz`
}

interface Slice {
  found: Placed[]
  stop: Placed | null
}

/** Slice by slice, as tasks are searched. */
async function searchVideos(
  db: Database,
  filters: VideoFilters,
  limits: SearchLimits = usualLimits,
  owner: string | undefined
) {
  const { limit = 50, cursor, created_before = 'infinity', created_after = '-infinity' } = filters
  const { back, ...place } = cursor === undefined ? { back: false, at: 'infinity', id: greatestId } : placeOf(cursor)
  const wanted = conditionsOf(filters)
  const statement = back
    ? { name: 'search videos to newer', text: searchVideosToNewerSql }
    : { name: 'search videos to older', text: searchVideosToOlderSql }
  const found: Placed[] = []
  const start: Start = [place.at, place.id]
  const stopped = await inSlices(limits, start, async (from, size) => {
    const values = [...from, created_before, created_after, size, ...wanted, limit + 1 - found.length, owner ?? null]
    const { rows } = await db.pool.query<Slice>({ ...statement, values })
    found.push(...rows[0]!.found)
    return found.length > limit ? null : rows[0]!.stop
  })

  const { items, ...cursors } = page(found, limit, cursor, stopped)
  return { items: await inOrder(db, items), ...cursors, searched_until: stopped?.place ?? null }
}

function conditionsOf({ q, status }: VideoFilters) {
  const { only, not } = readWords(status)
  const known: readonly string[] = videoStatuses
  if ([...(only ?? []), ...not].some(word => !known.includes(word))) {
    throw refuse([{ field: 'status', message: `must be one of ${known.join(', ')}` }])
  }
  return [q === undefined ? null : `%${q.replaceAll(/[\\%_]/g, '\\$&')}%`, only, not]
}

/** A film that was deleted between the two queries is left out. */
async function inOrder(db: Database, items: Placed[]): Promise<VideoRow[]> {
  const ids = items.map(({ id }) => id)
  const found = new Map((await findVideos(db, ids)).map(video => [video.id, video]))
  return ids.map(id => found.get(id)).filter(video => video !== undefined)
}
