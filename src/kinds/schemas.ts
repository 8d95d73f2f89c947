import { type Static, Type } from 'typebox'
import { Nullable } from '#schema/common.ts'

const Limit = (description: string) => Nullable(Type.Number({ description }))

export const KindBody = Type.Object(
  {
    name: Type.String({ description: '`task` of a submission' }),
    description: Nullable(Type.String()),
    args: Type.Unsafe<unknown>(Type.Object({}, { additionalProperties: true, description: 'JSON Schema of `args`' })),
    queue: Type.String({ description: 'queue of a submission that names none' }),
    priority: Type.Integer({ description: 'priority of a submission that gives none' }),
    limits: Type.Object(
      {
        time_limit: Limit('seconds'),
        soft_time_limit: Limit('seconds'),
        stall_limit: Limit('seconds without progress')
      },
      { description: 'where one is null, the setting of the worker applies (TASK_TIME_LIMIT, TASK_SOFT_TIME_LIMIT)' }
    ),
    retries: Type.Object({
      max_retries: Type.Integer(),
      retry_delay: Type.Number({ description: 'seconds' }),
      retry_backoff: Type.Boolean({ description: 'whether each delay is twice the one before' }),
      retry_backoff_max: Type.Number({ description: 'seconds' }),
      retry_jitter: Type.Boolean({ description: 'whether delays vary by chance' })
    }),
    result_expires: Nullable(Type.Integer({ description: 'seconds; null: RESULT_EXPIRES applies' })),
    pool: Type.Enum(['child', 'inline'], { description: 'whether bodies run in a child process or in the worker itself' }),
    internal: Type.Boolean({ description: 'whether only Darkroom itself submits it' }),
    workers: Type.Integer({ description: 'running workers that know it; paused and ending ones are not counted' })
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

export const KindList = Type.Object({ items: Type.Array(KindBody) })
