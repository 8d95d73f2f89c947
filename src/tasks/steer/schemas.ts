import { type Static, Type } from 'typebox'
import { Nullable, Time } from '#schema/common.ts'

export const TaskChange = Type.Object(
  {
    priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 9, description: 'Higher first' })),
    queue: Type.Optional(Type.String({ maxLength: 100, description: 'Queue to move to' })),
    eta: Type.Optional(Nullable(Time('Earliest start; null for as soon as possible'))),
    tags: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 20, description: 'All of its tags' })
    )
  },
  { additionalProperties: false, minProperties: 1, examples: [{ priority: 9, queue: 'high_priority' }] }
)
export type TaskChange = Static<typeof TaskChange>
