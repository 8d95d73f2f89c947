import { type Static, Type } from 'typebox'
import { mostConcurrent } from '#config.ts'
import type { Sandbox } from '#media/lock/sandbox.ts'
import { Nullable, Time } from '#schema/common.ts'

const Count = (description: string) => Type.Integer({ description })

const RunningTask = Type.Object({
  task_id: Type.String({ description: 'Id of the task' }),
  task: Type.String({ description: 'Kind of the task' }),
  queue: Type.String({ description: 'Queue of the task' }),
  attempt: Count('Number of the attempt'),
  started_at: Type.Unsafe<Date>(Time('When the attempt started'))
})

const layerFields = {
  files: Nullable(
    Type.String({ description: 'How files are kept from ffmpeg, as in `landlock-7`; null where they are not' })
  ),
  network: Nullable(
    Type.String({ description: 'How the network is kept from ffmpeg, as in `seccomp`; null where it is not' })
  )
}

const proofFields = {
  proved_at: Nullable(Time('When a program that attacks was kept from them; null where none was')),
  missing: Type.Array(
    Type.Object({
      layer: Type.String({ description: '`files` or `network`' }),
      why: Type.String({ description: 'Why it is missing' }),
      how: Type.String({ description: 'What brings it' })
    }),
    { description: 'Empty when all is well' }
  )
}

/** What keeps decoders in, in a health check. */
export const MediaSandboxBody = Type.Object(
  { ...layerFields, ...proofFields },
  { description: 'What keeps ffmpeg in, on the running worker where that is least' }
)

const SandboxOfWorkerBody = Type.Object(
  {
    ...layerFields,
    user: Type.Enum(['own', 'same'], { description: "Whether ffmpeg has a user of its own, or the worker's" }),
    ...proofFields,
    hardware: Type.Optional(
      Type.Object(
        {
          encoders: Type.Array(Type.String(), { description: 'That work in there, as in `h264_nvenc`' }),
          failures: Type.Array(Type.String(), { description: 'Why others do not' })
        },
        { description: 'Encoders in hardware, where HARDWARE asks for them' }
      )
    )
  },
  { description: 'What keeps ffmpeg in, as proved when the worker started' }
)

const now = '2026-11-02T12:00:03.000Z'
const earlier = '2026-11-02T09:30:00.000Z'

export const WorkerBody = Type.Object(
  {
    id: Type.String({ description: 'Id (uuid)' }),
    host: Type.String({ description: 'Name of the host or container' }),
    pid: Type.Integer({ description: 'Id of the process' }),
    version: Type.String({ description: 'Version of Darkroom' }),
    queues: Type.Array(Type.String(), { description: 'Queues that it takes tasks from' }),
    pools: Type.Object(
      {
        child: Type.Array(Type.String(), { description: 'Run in child processes' }),
        inline: Type.Array(Type.String(), { description: "Run in the worker's own event loop" })
      },
      { description: 'Kinds that it knows' }
    ),
    concurrency: Count('Attempts that it runs side by side'),
    children: Count('Child processes; more than `concurrency` until surplus ones have ended'),
    paused: Type.Boolean({ description: 'Whether it takes no more tasks' }),
    shutdown: Nullable(Type.Enum(['warm', 'cold'], { description: 'How it is shutting down, else null' })),
    status: Type.Enum(['running', 'stopped', 'lost'], { description: '`lost`: it sent no heartbeat for 10 seconds' }),
    started_at: Type.Unsafe<Date>(Time('When it started')),
    heartbeat_at: Type.Unsafe<Date>(Time('Its last heartbeat')),
    heartbeat_age: Type.Number({ description: 'Seconds since its last heartbeat; one comes every 3' }),
    stopped_at: Type.Unsafe<Date | null>(Nullable(Time('When it stopped'))),
    running: Type.Array(RunningTask, { description: 'Running attempts, oldest first' }),
    tasks: Type.Object(
      {
        started: Count('Started'),
        succeeded: Count('Succeeded'),
        failed: Count('Failed'),
        timed_out: Count('Stopped at a limit'),
        crashed: Count('Ended by a crash of their process'),
        cancelled: Count('Stopped because their task was cancelled'),
        handed_back: Count('Stopped with the worker and handed back to their queue')
      },
      { description: 'Attempts since `started_at`, as of its last heartbeat' }
    ),
    memory: Nullable(Type.Integer({ description: 'Bytes held by the worker and all processes that it started' })),
    cpu: Nullable(Type.Number({ description: 'Cores kept busy by the worker and all processes that it started' })),
    media_sandbox: Type.Unsafe<Sandbox | null>(Nullable(SandboxOfWorkerBody))
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
        cpu: 3.4,
        media_sandbox: { files: 'landlock-7', network: 'seccomp', user: 'same', proved_at: earlier, missing: [] }
      }
    ]
  }
)

export type WorkerBody = Static<typeof WorkerBody>

export const Workers = Type.Object({ items: Type.Array(WorkerBody, { description: 'Newest first' }) })

export const Steering = Type.Object(
  {
    concurrency: Type.Optional(
      Type.Integer({ minimum: 1, maximum: mostConcurrent, description: 'Attempts to run side by side' })
    ),
    paused: Type.Optional(Type.Boolean({ description: 'Whether to take no more tasks' }))
  },
  { additionalProperties: false }
)

export type Steering = Static<typeof Steering>

// The body may be left out.
export const Ending = Type.Object(
  {
    mode: Type.Optional(
      Type.Enum(['warm', 'cold'], {
        default: 'warm',
        description: '`warm`: once its running tasks have finished. `cold`: at once'
      })
    )
  },
  { additionalProperties: false, default: {} }
)
