import { Type } from 'typebox'
import { attemptOutcomes } from '#database/tables.ts'
import { Nullable, Time } from '#schema/common.ts'
import { State, TaskError } from '#tasks/schemas.ts'

export const Wait = Type.Object(
  {
    wait: Type.Optional(
      Type.Number({ minimum: 0, maximum: 3600, description: 'Seconds to wait at most until the task has finished' })
    )
  },
  { additionalProperties: false }
)

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
