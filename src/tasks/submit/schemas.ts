import { type Static, Type } from 'typebox'
import { Time } from '#schema/common.ts'
import { decade, Seconds } from '#tasks/schemas.ts'

// A Postgres `real` cannot hold the smallest numbers, and no limit below a millisecond makes sense.
const TimeLimit = (description: string) => Type.Number({ minimum: 0.001, maximum: 31_536_000, description })

export const Submission = Type.Object(
  {
    task: Type.Optional(Type.String({ maxLength: 100, default: 'process_data', description: 'Kind of the task' })),
    args: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'Arguments; each kind has its own, see `GET /api/kinds`'
      })
    ),
    name: Type.Optional(Type.String({ maxLength: 200, description: 'Name to show and to search for' })),
    description: Type.Optional(Type.String({ maxLength: 10_000, description: 'Text to show and to search for' })),
    scheduled_time: Type.Optional(Time('The same as `eta`')),
    eta: Type.Optional(Time('Earliest start')),
    countdown: Type.Optional(Seconds('Seconds until the earliest start')),
    expires: Type.Optional(
      Type.Union([Seconds('Seconds from now'), Time('A time')], {
        description: 'Latest start (a time, or seconds from now): a task that has not started by then is revoked'
      })
    ),
    queue: Type.Optional(Type.String({ maxLength: 100, description: 'Queue; default: that of the kind' })),
    priority: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 9, description: 'Higher first; default: that of the kind' })
    ),
    max_retries: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 10_000,
        description: 'Retries after failures; crashes have a budget of their own'
      })
    ),
    retry_delay: Type.Optional(Seconds('Seconds before the first retry')),
    retry_backoff: Type.Optional(Type.Boolean({ description: 'Whether the delay doubles with each retry' })),
    retry_backoff_max: Type.Optional(Seconds('Longest delay in seconds')),
    retry_jitter: Type.Optional(Type.Boolean({ description: 'Whether each delay is drawn at random, up to that one' })),
    time_limit: Type.Optional(TimeLimit('Seconds after which the processes of an attempt are killed')),
    soft_time_limit: Type.Optional(TimeLimit('Seconds after which the `signal` of an attempt aborts')),
    result_expires: Type.Optional(
      Type.Integer({ minimum: 1, maximum: decade, description: 'Seconds that the result stays readable' })
    ),
    webhook: Type.Optional(
      Type.String({
        maxLength: 36,
        description: 'Id of a webhook that is told of its end, whatever the filters of that webhook say'
      })
    ),
    tags: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 20, description: 'Words to filter by' })
    )
  },
  {
    additionalProperties: false,
    title: 'Submission',
    examples: [
      { task: 'add', args: { x: 4, y: 6 } },
      { task: 'process_data', args: { data: 'hello' }, countdown: 60, expires: 3600, priority: 9, tags: ['demo'] }
    ]
  }
)

export type Submission = Static<typeof Submission>

// Each task is checked by itself, so that the answer can name each invalid one.
export const BulkSubmission = Type.Object(
  {
    tasks: Type.Array(Type.Unknown(), { minItems: 1, maxItems: 10_000, description: 'Each as for `POST /api/tasks`' })
  },
  {
    additionalProperties: false,
    examples: [
      {
        tasks: [
          { task: 'add', args: { x: 1, y: 2 } },
          { task: 'sleep', args: { seconds: 1 } }
        ]
      }
    ]
  }
)

export const BulkCreated = Type.Object({
  ids: Type.Array(Type.String(), { description: 'Ids of the tasks, in the order in which they were given' })
})
export type BulkCreated = Static<typeof BulkCreated>

export const DataToProcess = Type.Object(
  { data: Type.String({ description: 'Text to convert to upper case' }) },
  { additionalProperties: false, examples: [{ data: 'hello' }] }
)
export const TaskStarted = Type.Object({ task_id: Type.String({ description: 'Id of the task' }) })
export type TaskStarted = Static<typeof TaskStarted>
