import { type Static, Type } from 'typebox'
import { states } from '#database/tables.ts'
import { List, Nullable, Time } from '#schema/common.ts'
import { statuses } from './words.ts'

export const State = (description: string) => Type.Enum(states, { description })
const Status = (description: string) => Type.Enum(statuses, { description })
export const decade = 315_360_000
export const Seconds = (description: string) => Type.Number({ minimum: 0, maximum: decade, description })
export const TaskError = (description: string) =>
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
    video_id: Nullable(Type.String({ description: 'Id of its film' })),
    created_by: Nullable(Type.String({ description: 'Name of the key that submitted it; null without one' })),
    traceparent: Nullable(
      Type.String({
        description: 'Its place in a trace (W3C Trace Context): `00-<trace id>-<span id>-<flags>`; null outside of one'
      })
    )
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
        video_id: null,
        created_by: 'shop',
        traceparent: null
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
