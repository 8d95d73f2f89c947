import { type Static, type TSchema, Type } from 'typebox'

/** Shapes that bodies of every feature share. */

export const Nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])

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
  { description: 'RFC 9457' }
)

export type Problem = Static<typeof Problem>

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isUuid(text: string) {
  return uuid.test(text)
}
