import { type Static, Type } from 'typebox'
import { states } from '#database/tables.ts'
import { Page, Time } from '#schema/common.ts'
import { Seconds } from '#tasks/schemas.ts'
import { statuses } from '#tasks/words.ts'

// Words of them are refused by the handler, which knows of commas.
const Words = (description: string) => Type.Optional(Type.String({ maxLength: 2_000, description }))

/** Filters of lists, counts and charts of tasks. */
export const taskFilters = {
  state: Words(`Only tasks in these states: ${states.map(state => `\`${state}\``).join(', ')}`),
  status: Words(`Only tasks with these statuses: ${statuses.map(status => `\`${status}\``).join(', ')}`),
  task: Words('Only tasks of these kinds'),
  queue: Words('Only tasks in these queues'),
  worker: Words('Only tasks whose latest attempt ran in one of these workers (ids)'),
  tag: Words('Only tasks with one of these tags'),
  q: Type.Optional(Type.String({ maxLength: 200, description: 'Part of the name or description, or an id' })),
  error: Words('Only tasks whose error has one of these texts in its message'),
  schedule_id: Words('Only tasks of these schedules (ids)'),
  video_id: Words('Only tasks of these films (ids)'),
  created_after: Type.Optional(Time('Only tasks that were submitted after this time')),
  created_before: Type.Optional(Time('Only tasks that were submitted before this time')),
  attempts_min: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'Only tasks with at least so many attempts' })
  ),
  ran_min: Type.Optional(Seconds('Only tasks whose latest attempt ran, or has run, for at least so many seconds')),
  waited_min: Type.Optional(Seconds('Only tasks that waited so many seconds for their first attempt'))
}

export const TaskFilters = Type.Object(
  {
    ...Page.properties,
    ...taskFilters,
    order: Type.Optional(
      Type.Enum(['newest', 'oldest', 'soonest', 'longest'], {
        default: 'newest',
        description:
          'By time of submission; `soonest`: by when they may start, next attempts included; `longest`: by how long the latest attempt ran, or has run'
      })
    )
  },
  { additionalProperties: false }
)

export type TaskFilters = Static<typeof TaskFilters>
