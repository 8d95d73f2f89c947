import { type Static, Type } from 'typebox'
import { attemptOutcomes, states } from '#database/tables.ts'
import { List, Nullable, Page, Time } from '#schema/common.ts'
import { statuses } from './words.ts'

const State = (description: string) => Type.Enum(states, { description })
const Status = (description: string) => Type.Enum(statuses, { description })
const decade = 315_360_000
const Seconds = (description: string) => Type.Number({ minimum: 0, maximum: decade, description })
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

const TaskError = (description: string) =>
  Nullable(
    Type.Object(
      {
        type: Type.String({ description: 'Name of the error, or a word such as `cancelled`, `expired`, `time_limit`' }),
        message: Type.String({ description: 'What went wrong' })
      },
      { description }
    )
  )
const Progress = Nullable(
  Type.Number({ minimum: 0, maximum: 1, description: 'Progress from 0 to 1; null if the task reports none' })
)
const taskState = State("State in Celery's words")
const taskStatus = Status('State in plain English')
const result = Type.Unknown({ description: 'What the task returned; null until then, and once it has expired' })
const AttemptError = Nullable(
  Type.Object(
    {
      type: Type.String({ description: 'Name of the error' }),
      message: Type.String({ description: 'What went wrong' }),
      stack: Nullable(Type.String({ description: 'Stack trace of the body, where an exception ended it' }))
    },
    { description: 'Why it did not succeed; null if it did, or while it runs' }
  )
)
const taskError = TaskError('Why the task failed or was revoked, or that its result has expired')

export const TaskBody = Type.Object(
  {
    id: Type.String({ description: 'Id (uuid)' }),
    task: Type.String({ description: 'Kind' }),
    name: Nullable(Type.String({ description: 'Name, as submitted' })),
    description: Nullable(Type.String({ description: 'Text, as submitted' })),
    queue: Type.String({ description: 'Queue' }),
    priority: Type.Integer({ description: '0 to 9, higher first' }),
    args: Type.Unknown({ description: 'Arguments' }),
    state: taskState,
    status: taskStatus,
    progress: Progress,
    progress_detail: Type.Unknown({ description: 'What the task reported beside its progress' }),
    result,
    result_expires_at: Nullable(Time('When the result expires')),
    error: taskError,
    attempts: Type.Integer({ description: 'Attempts so far' }),
    max_retries: Type.Integer({ description: 'Retries after failures' }),
    eta: Nullable(Time('Earliest start')),
    expires_at: Nullable(Time('Latest start: revoked if it has not started by then')),
    created_at: Time('When it was submitted'),
    started_at: Nullable(Time('When its latest attempt started')),
    finished_at: Nullable(Time('When it reached its final state')),
    worker: Nullable(Type.String({ description: 'Id of the worker of its latest attempt' })),
    tags: Type.Array(Type.String(), { description: 'Tags' }),
    schedule_id: Nullable(Type.String({ description: 'Id of the schedule that made it' })),
    video_id: Nullable(Type.String({ description: 'Id of its film' }))
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
    Time(
      'Where a search ran out of time; `next_cursor` (`prev_cursor` on the way back) continues there, or `created_before` where `order=longest`; else null'
    )
  )
})
export type TaskPage = Static<typeof TaskPage>

export const StateAnswer = Type.Object({
  task_id: Type.String({ description: 'Id of the task' }),
  status: taskState,
  result
})

export const StatusAnswer = Type.Object({
  task_id: Type.String({ description: 'Id of the task' }),
  status: taskStatus,
  state: taskState,
  progress: Progress,
  result,
  error: taskError
})

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

export const Wait = Type.Object(
  {
    wait: Type.Optional(
      Type.Number({ minimum: 0, maximum: 3600, description: 'Seconds to wait at most until the task has finished' })
    )
  },
  { additionalProperties: false }
)

export const AttemptBody = Type.Object(
  {
    number: Type.Integer({ description: '1 for the first' }),
    worker: Nullable(Type.String({ description: 'Id of the worker' })),
    started_at: Time('When its body started'),
    finished_at: Nullable(Time('When it ended; null while it runs')),
    outcome: Nullable(Type.Enum(attemptOutcomes, { description: 'How it ended; null while it runs' })),
    error: AttemptError,
    exit_code: Nullable(Type.Integer({ description: 'Exit code of its process, if the process ended' })),
    signal: Nullable(Type.String({ description: 'Signal that ended its process, if one did' })),
    peak_memory: Nullable(
      Type.Integer({
        description: 'Peak memory in bytes of its process and everything that it started; null if unknown'
      })
    ),
    stderr: Nullable(Type.String({ description: 'Last lines that it logged and printed' }))
  },
  { title: 'Attempt' }
)

export type AttemptBody = Static<typeof AttemptBody>

export const Timeline = Type.Object({
  items: Type.Array(
    Type.Object(
      {
        type: Type.Enum(['wait', 'attempt', 'event'], { description: 'What it is' }),
        at: Time('Its begin'),
        until: Nullable(Time('Its end; null of an event, and while it lasts')),
        reason: Nullable(
          Type.Enum(['scheduled', 'queue', 'retry'], {
            description: 'Of a wait: for its time, for a worker, for the next attempt'
          })
        ),
        attempt: Nullable(Type.Integer({ description: 'Of an attempt: its number; of an event: attempts until then' })),
        worker: Nullable(Type.String({ description: 'Of an attempt: id of the worker' })),
        outcome: Nullable(Type.Enum(attemptOutcomes, { description: 'How the attempt ended; null while it runs' })),
        time_limit: Nullable(Type.Number({ description: 'Of an attempt: seconds after which it is killed' })),
        soft_time_limit: Nullable(
          Type.Number({ description: 'Of an attempt: seconds after which it is asked to stop' })
        ),
        state: Nullable(State('Of an event: the state from then on')),
        error: TaskError('Why an attempt or the task failed'),
        by: Nullable(
          Type.Object(
            {
              kind: Type.Enum(['worker', 'request', 'schedule'], { description: 'What it is' }),
              id: Type.String({ description: 'Its id; of a request the `X-Request-Id`' })
            },
            { description: 'Of an event: what caused it, where that is known' }
          )
        )
      },
      { title: 'TimelineItem' }
    ),
    { description: 'By time' }
  )
})

export const Attempts = Type.Object({ items: Type.Array(AttemptBody, { description: 'First to last' }) })
