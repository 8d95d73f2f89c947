import { type Static, Type } from 'typebox'
import { attemptOutcomes } from '#database/tables.ts'
import { Nullable, Time } from '#schema/common.ts'

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

export const Attempts = Type.Object({ items: Type.Array(AttemptBody, { description: 'First to last' }) })
