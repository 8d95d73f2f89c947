import { type SelectQueryBuilder, sql } from 'kysely'
import type { Queries } from './connect.ts'
import { type Cut, type Placed, page } from './page.ts'

// Bytes. A thousand tasks may have 2 GiB of arguments and results, and an answer is in memory as a whole.
export const largestPage = 8 * 1024 * 1024

// By what is stored, without the last row; all else would cost pages of small rows a look at each.
const surelyFits = 512 * 1024

// How many bytes of JSON a compressed one may hold: more than usual, less than at most (pglz makes 1 of 91), so that
// what is read stays small; `thatFit` then counts the others.
const ratio = 16

/** Expression for about how many bytes of JSON a column has, which Postgres tells without reading its value. */
export function stored(column: string) {
  return `coalesce(pg_column_size(${column}) * case when pg_column_compression(${column}) is null then 1 else ${ratio} end, 0)`
}

export interface Weighed {
  /** Stored bytes of the rows before this one. */
  before: number
}

/** The first of these rows, as far as the JSON of what may be large in them fits into a page, and at least one. */
export function thatFit<Row extends Weighed>(rows: Row[], large: (row: Row) => unknown): Row[] {
  if (!rows.some(({ before }) => before > surelyFits)) return rows
  let left = largestPage
  const end = rows.findIndex((row, at) => {
    left -= Buffer.byteLength(JSON.stringify(large(row)))
    return left < 0 && at > 0
  })
  return end === -1 ? rows : rows.slice(0, end)
}

interface FittingPage<Row> {
  /** Selects `place` and `id`, in this order, and one row more than the limit. */
  list: SelectQueryBuilder<any, any, Row>
  order: 'asc' | 'desc'
  limit: number
  cursor: string | undefined
  /** Columns that may be large. */
  large: (keyof Row & string)[]
}

/** A page of rows that are large now and then: it ends early where more would not fit into an answer. */
export async function fittingPage<Row extends Placed>(query: Queries, options: FittingPage<Row>): Promise<Cut<Row>> {
  const { list, order, limit, cursor, large } = options
  const way = sql.raw(`place ${order}, id ${order}`)
  const size = sql.raw(large.map(column => stored(`list.${column}`)).join(' + '))
  const { rows } = await sql<Row & Weighed & { count: number }>`
    select * from (
      select
        list.*, count(*) over ()::int as count,
        coalesce(sum(${size}) over (order by ${way} rows between unbounded preceding and 1 preceding), 0)::float8 as before
      from ${list} list
    ) list
    where before < ${largestPage}
    order by ${way}`.execute(query)
  const fitting = thatFit(rows, row => large.map(column => row[column]))
  const isCut = fitting.length < (rows[0]?.count ?? 0)
  return page<Row>(fitting, limit, cursor, isCut ? fitting.slice(0, limit).at(-1) : undefined)
}
