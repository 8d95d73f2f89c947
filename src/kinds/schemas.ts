import { type Static, Type } from 'typebox'
import { Nullable } from '#schema/common.ts'

const Limit = (description: string) => Nullable(Type.Number({ description }))

export const KindBody = Type.Object(
  {
    name: Type.String({ description: '`task` of a submission' }),
    description: Nullable(Type.String({ description: 'What it does' })),
    args: Type.Unsafe<unknown>(Type.Object({}, { additionalProperties: true, description: 'JSON Schema of `args`' })),
    queue: Type.String({ description: 'Queue of a submission that names none' }),
    priority: Type.Integer({ description: 'Priority of a submission that gives none' }),
    limits: Type.Object(
      {
        time_limit: Limit('Seconds'),
        soft_time_limit: Limit('Seconds'),
        stall_limit: Limit('Seconds without progress')
      },
      { description: 'A limit that is null is the setting of the worker (TASK_TIME_LIMIT, TASK_SOFT_TIME_LIMIT)' }
    ),
    retries: Type.Object(
      {
        max_retries: Type.Integer({ description: 'Retries after failures' }),
        retry_delay: Type.Number({ description: 'Seconds' }),
        retry_backoff: Type.Boolean({ description: 'Whether each delay is twice the one before' }),
        retry_backoff_max: Type.Number({ description: 'Seconds' }),
        retry_jitter: Type.Boolean({ description: 'Whether each delay is drawn at random, up to that one' })
      },
      { description: 'Defaults of a submission' }
    ),
    result_expires: Nullable(Type.Integer({ description: 'Seconds; null: RESULT_EXPIRES applies' })),
    pool: Type.Enum(['child', 'inline'], {
      description: 'Where bodies run: in a child process, or in the worker itself'
    }),
    internal: Type.Boolean({ description: 'Whether only Darkroom submits it' }),
    workers: Type.Integer({ description: 'Running workers that know it; paused and ending ones are not counted' })
  },
  {
    title: 'Kind',
    examples: [
      {
        name: 'add',
        description: 'Adds two numbers',
        args: {
          type: 'object',
          required: ['x', 'y'],
          properties: { x: { type: 'number' }, y: { type: 'number' } }
        },
        queue: 'default',
        priority: 0,
        limits: { time_limit: null, soft_time_limit: null, stall_limit: null },
        retries: {
          max_retries: 3,
          retry_delay: 1,
          retry_backoff: true,
          retry_backoff_max: 600,
          retry_jitter: false
        },
        result_expires: null,
        pool: 'child',
        internal: false,
        workers: 2
      }
    ]
  }
)

export type KindBody = Static<typeof KindBody>

export const KindList = Type.Object({ items: Type.Array(KindBody, { description: 'Kinds, by name' }) })
