import { type Static, Type } from 'typebox'
import { attemptOutcomes, states } from '#database/tables.ts'
import { List, Nullable, Page, Time } from '#schema/common.ts'
import { statuses } from './words.ts'

const State = Type.Enum(states)
const Status = Type.Enum(statuses)
const Seconds = (maximum = 315_360_000) => Type.Number({ minimum: 0, maximum })
// Less than a millisecond is no time at all to anybody here, and so little may be that Postgres cannot keep it.
const TimeLimit = Type.Number({ minimum: 0.001, maximum: 31_536_000 })

export const Submission = Type.Object(
  {
    task: Type.Optional(Type.String({ maxLength: 100, default: 'process_data', description: 'which kind of work' })),
    args: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    name: Type.Optional(Type.String({ maxLength: 200 })),
    description: Type.Optional(Type.String({ maxLength: 10_000 })),
    scheduled_time: Type.Optional(Time),
    eta: Type.Optional(Time),
    countdown: Type.Optional(Seconds()),
    expires: Type.Optional(Type.Union([Seconds(), Time], { description: 'seconds, or a time' })),
    queue: Type.Optional(Type.String({ maxLength: 100 })),
    priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 9, description: 'higher first' })),
    max_retries: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
    retry_delay: Type.Optional(Seconds()),
    retry_backoff: Type.Optional(Type.Boolean()),
    retry_backoff_max: Type.Optional(Seconds()),
    retry_jitter: Type.Optional(Type.Boolean()),
    time_limit: Type.Optional(TimeLimit),
    soft_time_limit: Type.Optional(TimeLimit),
    result_expires: Type.Optional(Type.Integer({ minimum: 1, maximum: 315_360_000 })),
    tags: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 20 }))
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

// What is in it is checked one by one, so that each bad one can be named.
export const BulkSubmission = Type.Object(
  { tasks: Type.Array(Type.Unknown(), { minItems: 1, maxItems: 10_000, description: 'each as for POST /api/tasks' }) },
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

export const BulkCreated = Type.Object({ ids: Type.Array(Type.String()) })
export type BulkCreated = Static<typeof BulkCreated>

export const DataToProcess = Type.Object(
  { data: Type.String() },
  { additionalProperties: false, examples: [{ data: 'hello' }] }
)
export const TaskStarted = Type.Object({ task_id: Type.String() })
export type TaskStarted = Static<typeof TaskStarted>

const TaskError = Nullable(Type.Object({ type: Type.String(), message: Type.String() }))
const AttemptError = Nullable(
  Type.Object({
    type: Type.String(),
    message: Type.String(),
    stack: Nullable(Type.String({ description: 'stack trace of the body, where an exception ended it' }))
  })
)
const Progress = Nullable(Type.Number({ minimum: 0, maximum: 1 }))

export const TaskBody = Type.Object(
  {
    id: Type.String(),
    task: Type.String(),
    name: Nullable(Type.String()),
    description: Nullable(Type.String()),
    queue: Type.String(),
    priority: Type.Integer(),
    args: Type.Unknown(),
    state: State,
    status: Status,
    progress: Progress,
    progress_detail: Type.Unknown(),
    result: Type.Unknown(),
    result_expires_at: Nullable(Time),
    error: TaskError,
    attempts: Type.Integer({ description: 'tries so far' }),
    max_retries: Type.Integer(),
    eta: Nullable(Time),
    expires_at: Nullable(Time),
    created_at: Time,
    started_at: Nullable(Time),
    finished_at: Nullable(Time),
    worker: Nullable(Type.String()),
    tags: Type.Array(Type.String()),
    schedule_id: Nullable(Type.String()),
    video_id: Nullable(Type.String())
  },
  {
    title: 'Task',
    examples: [
      {
        id: '01980000-0000-7000-8000-000000000001',
        task: 'process_data',
        name: null,
        description: null,
        queue: 'default',
        priority: 0,
        args: { data: 'hello' },
        state: 'SUCCESS',
        status: 'COMPLETED',
        progress: null,
        progress_detail: null,
        result: { processed_data: 'HELLO' },
        result_expires_at: '2026-03-02T09:00:00.035Z',
        error: null,
        attempts: 1,
        max_retries: 3,
        eta: null,
        expires_at: null,
        created_at: '2026-03-01T09:00:00.000Z',
        started_at: '2026-03-01T09:00:00.012Z',
        finished_at: '2026-03-01T09:00:00.035Z',
        worker: '01980000-0000-7000-8000-00000000000a',
        tags: [],
        schedule_id: null,
        video_id: null
      }
    ]
  }
)

export type TaskBody = Static<typeof TaskBody>

export const TaskPage = Type.Object({
  ...List(TaskBody).properties,
  searched_until: Nullable(
    Type.String({
      format: 'date-time',
      description:
        'where a search by `q`, `tag` or `worker` ran out of time: all newer tasks were searched, and `next_cursor` goes on there; null where it did not'
    })
  )
})
export type TaskPage = Static<typeof TaskPage>

export const StateAnswer = Type.Object({ task_id: Type.String(), status: State, result: Type.Unknown() })

export const StatusAnswer = Type.Object({
  task_id: Type.String(),
  status: Status,
  state: State,
  progress: Progress,
  result: Type.Unknown(),
  error: TaskError
})

export const TaskFilters = Type.Object(
  {
    ...Page.properties,
    state: Type.Optional(State),
    task: Type.Optional(Type.String()),
    queue: Type.Optional(Type.String()),
    worker: Type.Optional(Type.String()),
    tag: Type.Optional(Type.String()),
    q: Type.Optional(Type.String({ maxLength: 200, description: 'part of the name or description, or an id' })),
    created_after: Type.Optional(Time),
    created_before: Type.Optional(Time)
  },
  { additionalProperties: false }
)

export type TaskFilters = Static<typeof TaskFilters>

export const Wait = Type.Object(
  { wait: Type.Optional(Type.Number({ minimum: 0, maximum: 3600, description: 'seconds' })) },
  { additionalProperties: false }
)

export const AttemptBody = Type.Object(
  {
    number: Type.Integer(),
    worker: Nullable(Type.String()),
    started_at: Time,
    finished_at: Nullable(Time),
    outcome: Nullable(Type.Enum(attemptOutcomes)),
    error: AttemptError,
    exit_code: Nullable(Type.Integer()),
    signal: Nullable(Type.String()),
    peak_memory: Nullable(
      Type.Integer({ description: 'bytes that its process held at most, with all that it had started' })
    ),
    stderr: Nullable(Type.String({ description: 'last lines' }))
  },
  { title: 'Attempt' }
)

export type AttemptBody = Static<typeof AttemptBody>

export const Attempts = Type.Object({ items: Type.Array(AttemptBody) })
