import { type RawBuilder, sql } from 'kysely'
import { InvalidCursor } from '#errors.ts'

/**
 * A page starts beside a row, not at a number, so that new rows shift nothing. A cursor is that row's time, as Postgres
 * writes it (a JavaScript Date would lose the microseconds), and its id; one that leads back begins with `<`.
 */
interface Place {
  at: string
  id: string
  back: boolean
}

/** A row that a cursor can name. */
export interface Placed {
  place: string
  id: string
}

function cursorAfter(row: Placed) {
  return encode(`${row.place} ${row.id}`)
}

function cursorBefore(row: Placed) {
  return encode(`<${row.place} ${row.id}`)
}

const moment = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z`
const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const shape = new RegExp(`^(<?)(${moment}) (${uuid})$`)

export function placeOf(cursor: string): Place {
  const [, way, at, id] = shape.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (at === undefined || id === undefined || !isMoment(at)) throw new InvalidCursor()
  return { at, id, back: way === '<' }
}

/** JavaScript reads February 30 as March 2; Postgres refuses it, and also the year 0. */
function isMoment(at: string) {
  const time = new Date(at)
  return !at.startsWith('0000') && !Number.isNaN(time.getTime()) && time.toISOString().slice(0, 19) === at.slice(0, 19)
}

/** The column that cursors need. */
export function place(column: string): RawBuilder<string> {
  return sql<string>`to_char(${sql.ref(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}

/** Newest first: condition for the rows after a cursor, or before one that leads back; and the order to read them in. */
export function beside(columns: { at: string; id: string }, cursor: string | undefined) {
  const { at, id, back } = cursor === undefined ? start : placeOf(cursor)
  const row = sql`(${sql.ref(columns.at)}, ${sql.ref(columns.id)})`
  const place = sql`(${at}::timestamptz, ${id}::uuid)`
  return back
    ? { condition: sql<boolean>`${row} > ${place}`, order: 'asc' as const }
    : { condition: sql<boolean>`${row} < ${place}`, order: 'desc' as const }
}

const start = { at: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff', back: false }

/** A page of rows, in the order of the list, and the cursors of those beside it. */
export interface Cut<Row> {
  items: Row[]
  next_cursor: string | null
  prev_cursor: string | null
}

/**
 * Queries select one row more than a page has, to know whether another page exists; this cuts it off. Rows before a
 * cursor that leads back were read nearest first. A search that ran out of time goes on where it `stopped`.
 */
export function page<Row extends Placed>(rows: Row[], limit: number, cursor?: string, stopped?: Placed): Cut<Row> {
  const back = cursor !== undefined && placeOf(cursor).back
  const more = rows.length > limit
  const items = rows.slice(0, limit)
  if (back) items.reverse()
  const [first, last] = [items[0], items.at(-1)]
  const further = stopped ?? (more ? (back ? first : last) : undefined)
  const on = further && (back ? cursorBefore(further) : cursorAfter(further))
  // A page that is empty by now leads to where it came from.
  const origin = back ? last && cursorAfter(last) : first && cursorBefore(first)
  const from = cursor === undefined ? undefined : (origin ?? turn(cursor))
  return { items, next_cursor: (back ? from : on) ?? null, prev_cursor: (back ? on : from) ?? null }
}

function turn(cursor: string) {
  const text = Buffer.from(cursor, 'base64url').toString()
  return encode(text.startsWith('<') ? text.slice(1) : `<${text}`)
}

export function encode(text: string) {
  return Buffer.from(text).toString('base64url')
}
