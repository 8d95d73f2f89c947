import { type Static, Type } from 'typebox'
import { checkOf } from '#schema/check.ts'
import { unstorableIn } from '#schema/storable.ts'
import { readFilters } from '#tasks/listing/filters.ts'
import { taskFilters } from '#tasks/listing/schemas.ts'

export const topics = ['counts', 'queues', 'workers', 'videos', 'problems'] as const
export type Topic = (typeof topics)[number]

/** What a page shows, which is all that it is told of. */
export const Interest = Type.Object(
  {
    filter: Type.Optional(Type.Object(taskFilters, { additionalProperties: false })),
    ids: Type.Optional(Type.Array(Type.String({ format: 'uuid' }), { maxItems: 200 })),
    topics: Type.Optional(Type.Array(Type.Enum(topics), { maxItems: 20 }))
  },
  { additionalProperties: false }
)
export type Interest = Static<typeof Interest>

const check = checkOf(Interest)

/** The interest that a message states, or what is wrong with it. */
export function readInterest(message: string): { interest: Interest } | { problem: string } {
  let value: unknown
  try {
    value = JSON.parse(message)
  } catch {
    return { problem: 'it is not JSON' }
  }
  const [problem] = [...check(value), ...unstorableIn(value, message)]
  if (problem) return { problem: `${problem.field || 'it'} ${problem.message}` }
  const interest = value as Interest
  try {
    readFilters(interest.filter ?? {}, [])
  } catch (error) {
    return { problem: `filter.${(error as Error).message}` }
  }
  return { interest }
}
