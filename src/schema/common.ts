import { type Static, type TSchema, Type } from 'typebox'
import { Set as setFormat } from 'typebox/format'

/** Shapes that bodies of every feature share. */

export const Nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i

// Narrower than RFC 3339: what is neither a moment to JavaScript nor to Postgres (a leap second, the year 0, the 30th
// of February, the year 10000 that an offset leads to, a zone's name behind the offset) is refused here and not with a
// 500 later.
setFormat('date-time', text => {
  const moment = time.test(text) ? new Date(text) : undefined
  if (!moment || Number.isNaN(moment.getTime())) return false
  if (moment.getUTCFullYear() < 1 || moment.getUTCFullYear() > 9999) return false
  const [year, month, day] = text.split(/[-T]/i).map(Number)
  return new Date(Date.UTC(year!, month! - 1, day!)).getUTCDate() === day
})

export const Time = Type.String({ format: 'date-time', description: 'ISO 8601 with offset' })

// No format: a garbage id is an unknown id, which is a 404 and not a 400.
export const Id = Type.Object({ id: Type.String({ description: 'uuid' }) })

export const Page = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 50 })),
    cursor: Type.Optional(Type.String({ description: '`next_cursor` of the page before' }))
  },
  { additionalProperties: false }
)

/** For a list that is never so long that it needs pages. */
export const First = Type.Object(
  { limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'only the first of them' })) },
  { additionalProperties: false }
)

export const List = <S extends TSchema>(item: S) =>
  Type.Object({ items: Type.Array(item), next_cursor: Nullable(Type.String()) })

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'stable; programs branch on it' }),
    detail: Type.String(),
    errors: Type.Optional(Type.Array(Type.Object({ field: Type.String(), message: Type.String() })))
  },
  { title: 'Problem', description: 'RFC 9457' }
)

export type Problem = Static<typeof Problem>

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isUuid(text: string) {
  return uuid.test(text)
}
