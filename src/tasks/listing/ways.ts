/** A direction in which a list is read by time of creation: $6 and $7 are its start, $8 and $9 `before` and `after`. */
export interface Way {
  /** The later of two starts, on this way. */
  nearest: 'least' | 'greatest'
  on: '<' | '>'
  within: '<' | '>'
  order: 'asc' | 'desc'
  /** The limit on the side of the start, and the one at the end. */
  near: '$8' | '$9'
  far: '$8' | '$9'
  /** Beyond every task. */
  end: 'infinity' | '-infinity'
  /** The last id of a moment. */
  edge: string
}

export const leastId = '00000000-0000-0000-0000-000000000000'
export const greatestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

export const toOlder: Way = {
  ...{ nearest: 'least', on: '<', within: '>', order: 'desc', near: '$8', far: '$9' },
  ...{ end: '-infinity', edge: leastId }
}
export const toNewer: Way = {
  ...{ nearest: 'greatest', on: '>', within: '<', order: 'asc', near: '$9', far: '$8' },
  ...{ end: 'infinity', edge: greatestId }
}

/** Where a list begins: the cursor, or the limit in time. */
export const startOf = ({ nearest, on, near, edge }: Way) => `start as materialized (
  select
    ${nearest}($6::timestamptz, ${near}::timestamptz) as at,
    case when ${near} ${on}= $6 then '${edge}' else $7::uuid end as id
)`

/** A time as a cursor has it: a JavaScript Date would lose the microseconds. */
export const placed = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
