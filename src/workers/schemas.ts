import { type Static, Type } from 'typebox'
import { mostConcurrent } from '#config.ts'
import { Nullable, Time } from '#schema/common.ts'

const Count = (description?: string) => Type.Integer(description === undefined ? {} : { description })

const RunningTask = Type.Object({
  task_id: Type.String(),
  task: Type.String(),
  queue: Type.String(),
  attempt: Count(),
  started_at: Type.Unsafe<Date>(Time)
})

const now = '2026-11-02T12:00:03.000Z'
const earlier = '2026-11-02T09:30:00.000Z'

export const WorkerBody = Type.Object(
  {
    id: Type.String(),
    host: Type.String({ description: 'name of the host or container' }),
    pid: Type.Integer(),
    version: Type.String(),
    queues: Type.Array(Type.String()),
    pools: Type.Object(
      { child: Type.Array(Type.String()), inline: Type.Array(Type.String()) },
      { description: 'the kinds of task that it knows: run by its child processes, or inline in its own event loop' }
    ),
    concurrency: Count('attempts that it is to run side by side'),
    children: Count('child processes that it has; more than `concurrency` until those end that are too many'),
    paused: Type.Boolean({ description: 'takes nothing new' }),
    shutdown: Nullable(Type.Enum(['warm', 'cold'], { description: 'how it is ending, where it is' })),
    status: Type.Enum(['running', 'stopped', 'lost'], { description: 'lost: it went silent and is held to be dead' }),
    started_at: Type.Unsafe<Date>(Time),
    heartbeat_at: Type.Unsafe<Date>(Time),
    heartbeat_age: Type.Number({ description: 'seconds since its last heartbeat; one comes every 3' }),
    stopped_at: Type.Unsafe<Date | null>(Nullable(Time)),
    running: Type.Array(RunningTask, { description: 'what it has in hand, oldest first' }),
    tasks: Type.Object(
      {
        started: Count(),
        succeeded: Count(),
        failed: Count(),
        timed_out: Count(),
        crashed: Count(),
        cancelled: Count(),
        handed_back: Count('stopped with the worker, to be tried again')
      },
      { description: 'attempts since `started_at`: begun, and by how they ended, as of its last heartbeat' }
    ),
    memory: Nullable(Type.Integer({ description: 'bytes, of the worker and everything that it has started' })),
    cpu: Nullable(Type.Number({ description: 'cores that it and everything it has started keep busy; 1 is one core' }))
  },
  {
    title: 'Worker',
    examples: [
      {
        id: '01980000-0000-7000-8000-000000000001',
        host: 'films-1',
        pid: 4711,
        version: '0.1.0',
        queues: ['default', 'media'],
        pools: { child: ['add', 'process_video'], inline: ['expire_results', 'sweep'] },
        concurrency: 4,
        children: 4,
        paused: false,
        shutdown: null,
        status: 'running',
        started_at: earlier,
        heartbeat_at: now,
        heartbeat_age: 1.2,
        stopped_at: null,
        running: [
          {
            task_id: '01980000-0000-7000-8000-000000000002',
            task: 'process_video',
            queue: 'media',
            attempt: 1,
            started_at: now
          }
        ],
        tasks: { started: 12, succeeded: 10, failed: 1, timed_out: 0, crashed: 0, cancelled: 0, handed_back: 0 },
        memory: 420_000_000,
        cpu: 3.4
      }
    ]
  }
)

export type WorkerBody = Static<typeof WorkerBody>

export const Workers = Type.Object({ items: Type.Array(WorkerBody) })

export const Steering = Type.Object(
  {
    concurrency: Type.Optional(
      Type.Integer({ minimum: 1, maximum: mostConcurrent, description: 'attempts to run side by side' })
    ),
    paused: Type.Optional(Type.Boolean({ description: 'whether to take nothing new' }))
  },
  { additionalProperties: false }
)

export type Steering = Static<typeof Steering>

// May be left out: then it is the default.
export const Ending = Type.Object(
  {
    mode: Type.Optional(
      Type.Enum(['warm', 'cold'], {
        default: 'warm',
        description: 'warm: once everything has ended that it runs. cold: at once'
      })
    )
  },
  { additionalProperties: false, default: {} }
)
