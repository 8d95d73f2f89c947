import { type Static, type TSchema, Type } from 'typebox'
import { Set as setFormat } from 'typebox/format'

/** Shapes that bodies of every feature share. */

/** Its description is that of the schema inside. */
export function Nullable<S extends TSchema>(schema: S) {
  const { description } = schema as { description?: string }
  return Type.Union([schema, Type.Null()], description === undefined ? {} : { description })
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i

// Narrower than RFC 3339: refuses what JavaScript or Postgres cannot read (a leap second, the year 0, the 30th of
// February, the year 10000 that an offset leads to, a zone's name behind the offset), which would be a 500 later.
setFormat('date-time', text => {
  const moment = time.test(text) ? new Date(text) : undefined
  if (!moment || Number.isNaN(moment.getTime())) return false
  if (moment.getUTCFullYear() < 1 || moment.getUTCFullYear() > 9999) return false
  const [year, month, day] = text.split(/[-T]/i).map(Number)
  return new Date(Date.UTC(year!, month! - 1, day!)).getUTCDate() === day
})

export const Time = (description: string) => Type.String({ format: 'date-time', description })

// No format: a garbage id is an unknown id, which is a 404 and not a 400.
export const Id = Type.Object({ id: Type.String({ description: 'Id (uuid)' }) })

export const Page = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 50, description: 'Items per page' })),
    cursor: Type.Optional(Type.String({ description: '`next_cursor` or `prev_cursor` of another page' }))
  },
  { additionalProperties: false }
)

/** A list without pages, for lists that stay short. */
export const First = Type.Object(
  { limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'Number of items at most' })) },
  { additionalProperties: false }
)

export const List = <S extends TSchema>(item: S) =>
  Type.Object({
    items: Type.Array(item, { description: 'Items of this page' }),
    next_cursor: Nullable(Type.String({ description: 'The `cursor` of the next page; null on the last one' })),
    prev_cursor: Nullable(Type.String({ description: 'The `cursor` of the page before; null on the first one' }))
  })

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Always `about:blank`; `code` tells errors apart' }),
    title: Type.String({ description: 'Name of the HTTP status' }),
    status: Type.Integer({ description: 'HTTP status' }),
    code: Type.String({ description: 'Which error, for programs; its meaning never changes' }),
    detail: Type.String({ description: 'What went wrong, for people' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          field: Type.String({ description: 'Path of the field, such as `args.x`; empty for the whole body' }),
          message: Type.String({ description: 'What is wrong with it' })
        }),
        { description: 'Each invalid field' }
      )
    )
  },
  { title: 'Problem', description: 'An error (RFC 9457)' }
)

export type Problem = Static<typeof Problem>

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isUuid(text: string) {
  return uuid.test(text)
}
