import { Type } from 'typebox'
import { Nullable, Time } from '#schema/common.ts'

export const Name = Type.Object({ name: Type.String({ description: 'Name of the queue', examples: ['media'] }) })

export const QueueBody = Type.Object(
  {
    name: Type.String({ description: 'Name' }),
    depth: Type.Integer({ description: 'Waiting tasks that could run now' }),
    oldest_age: Nullable(Type.Number({ description: 'Seconds for which the oldest of them has waited' })),
    running: Type.Integer({
      description: 'Tasks whose bodies run; tasks that a worker holds ahead are not counted'
    }),
    workers: Type.Integer({ description: 'Running workers that take from it; paused and ending ones are not counted' }),
    paused: Type.Boolean({ description: 'Whether workers take no tasks from it' }),
    paused_at: Type.Unsafe<Date | null>(Nullable(Time('When it was paused'))),
    paused_by: Nullable(Type.String({ description: 'What paused it: an address, or a role of Postgres' })),
    reason: Nullable(Type.String({ description: 'Why it is paused' })),
    until: Type.Unsafe<Date | null>(Nullable(Time('When it resumes by itself'))),
    pickup_p95: Nullable(
      Type.Number({
        description:
          'Seconds from when a task was due to the start of its body: 95 % of the starts of the last 15 minutes waited less; null where none started'
      })
    ),
    per_minute: Type.Object(
      {
        created: Type.Integer({ description: 'Submitted tasks' }),
        finished: Type.Integer({ description: 'Finished tasks' })
      },
      { description: 'During the last minute' }
    )
  },
  {
    title: 'Queue',
    examples: [
      {
        name: 'media',
        depth: 3,
        oldest_age: 12.5,
        running: 2,
        workers: 1,
        paused: false,
        paused_at: null,
        paused_by: null,
        reason: null,
        until: null,
        pickup_p95: 0.128,
        per_minute: { created: 4, finished: 1 }
      }
    ]
  }
)

export const Pause = Type.Object(
  {
    reason: Type.Optional(Type.String({ maxLength: 500, description: 'Why, for people' })),
    until: Type.Optional(Time('When the queue resumes by itself'))
  },
  { additionalProperties: false, default: {}, examples: [{ reason: 'the disk is full' }] }
)

export const Queues = Type.Object({ items: Type.Array(QueueBody, { description: 'By name' }) })
export const Purged = Type.Object({
  name: Type.String({ description: 'Name of the queue' }),
  purged: Type.Integer({ description: 'Tasks that were revoked' })
})
