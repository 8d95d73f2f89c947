import { type RawBuilder, sql } from 'kysely'
import { InvalidCursor } from '#errors.ts'

/**
 * A page starts after a row, not at a number, so that new rows shift nothing. A cursor is that row's time, as Postgres
 * writes it (a JavaScript Date would lose the microseconds), and its id.
 */
interface Place {
  at: string
  id: string
}

export function cursorAfter(row: { place: string; id: string }) {
  return Buffer.from(`${row.place} ${row.id}`).toString('base64url')
}

export function placeOf(cursor: string): Place {
  const [, at, id] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(
      Buffer.from(cursor, 'base64url').toString()
    ) ?? []
  if (at === undefined || id === undefined || !isMoment(at)) throw new InvalidCursor()
  return { at, id }
}

/** JavaScript reads February 30 as March 2; Postgres refuses it, and also the year 0. */
function isMoment(at: string) {
  const time = new Date(at)
  return !at.startsWith('0000') && !Number.isNaN(time.getTime()) && time.toISOString().slice(0, 19) === at.slice(0, 19)
}

/** The column that `cursorAfter` needs. */
export function place(column: string): RawBuilder<string> {
  return sql<string>`to_char(${sql.ref(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}

/** Newest first: condition for rows after the cursor. */
export function after(columns: { at: string; id: string }, cursor: string): RawBuilder<boolean> {
  const { at, id } = placeOf(cursor)
  return sql<boolean>`(${sql.ref(columns.at)}, ${sql.ref(columns.id)}) < (${at}::timestamptz, ${id}::uuid)`
}

/** Queries select one row more than a page has, to know whether a next page exists; this cuts it off. */
export function page<Row extends { place: string; id: string }>(rows: Row[], limit: number) {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next_cursor: rows.length > limit && last ? cursorAfter(last) : null }
}
