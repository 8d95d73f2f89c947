import { type Static, Type } from 'typebox'
import { missedPolicies, occurrenceOutcomes, overlapPolicies, skipReasons } from '#database/tables.ts'
import { List, Nullable, Page, Time } from '#schema/common.ts'
import { Submission } from '#tasks/submit/schemas.ts'
import type { Option } from './settings/options.ts'

const decade = 315_360_000

const { task, tags } = Submission.properties
const submitted = Submission.properties

/** Null goes back to the setting of the kind. `expires` is in seconds: a time would be the same for all tasks. */
const taskOptions = {
  expires: Type.Optional(
    Nullable(
      Type.Number({
        minimum: 0,
        maximum: decade,
        description: 'Seconds in which a task has to start: one that has not started by then is revoked'
      })
    )
  ),
  max_retries: Type.Optional(Nullable(submitted.max_retries)),
  retry_delay: Type.Optional(Nullable(submitted.retry_delay)),
  retry_backoff: Type.Optional(Nullable(submitted.retry_backoff)),
  retry_backoff_max: Type.Optional(Nullable(submitted.retry_backoff_max)),
  retry_jitter: Type.Optional(Nullable(submitted.retry_jitter)),
  time_limit: Type.Optional(Nullable(submitted.time_limit)),
  soft_time_limit: Type.Optional(Nullable(submitted.soft_time_limit)),
  result_expires: Type.Optional(Nullable(submitted.result_expires))
} satisfies Record<Option, unknown>

/** What decides when a schedule is due. */
const timing = {
  cron: Type.Optional(
    Nullable(
      Type.String({
        maxLength: 256,
        description:
          'Five fields (minute, hour, day of month, month, weekday), or six with seconds first; names, lists, ranges, steps, `L`, `W`, `#`, `@daily` and the like'
      })
    )
  ),
  every: Type.Optional(
    Nullable(
      Type.Number({
        minimum: 1,
        maximum: decade,
        description: 'Seconds between occurrences, from `start_at` on, else from its creation'
      })
    )
  ),
  at: Type.Optional(Nullable(Time('The one moment at which it is due; at most 60 s ago'))),
  timezone: Type.Optional(
    Type.String({ maxLength: 64, description: 'Time zone of `cron`, such as `Europe/Berlin`; default: `TIMEZONE`' })
  ),
  start_at: Type.Optional(Nullable(Time('Not due before; inclusive'))),
  end_at: Type.Optional(Nullable(Time('Not due after; inclusive. The schedule is disabled then'))),
  jitter: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 86_400,
      description: 'Seconds: a delay up to this, fixed for each schedule, is added to each occurrence'
    })
  )
}

const settings = {
  task: Type.Optional(task),
  args: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Arguments of its tasks' })),
  queue: Type.Optional(
    Nullable(Type.String({ maxLength: 100, description: 'Queue of its tasks; default: that of the kind' }))
  ),
  priority: Type.Optional(
    Nullable(Type.Integer({ minimum: 0, maximum: 9, description: 'Priority of its tasks; default: that of the kind' }))
  ),
  ...timing,
  enabled: Type.Optional(Type.Boolean({ description: 'Whether it makes tasks; default: true' })),
  one_off: Type.Optional(Type.Boolean({ description: 'Disable it after its first task' })),
  missed: Type.Optional(
    Type.Enum(missedPolicies, {
      description:
        'What becomes of occurrences that are more than 60 s late: none of them runs (`skip`, the default), one task stands for all (`once`), or each runs (`all`, up to `missed_max`)'
    })
  ),
  missed_max: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 500,
      description: 'Most tasks at a time for `missed: all`: the newest; default: 100'
    })
  ),
  overlap: Type.Optional(
    Type.Enum(overlapPolicies, { description: '`skip`: no task while its last one is unfinished; default: `allow`' })
  ),
  description: Type.Optional(Nullable(Type.String({ maxLength: 10_000, description: 'What it is for' }))),
  note: Type.Optional(Nullable(Type.String({ maxLength: 10_000, description: 'Why it is as it is' }))),
  tags: Type.Optional(tags),
  ...taskOptions
}

const Name = Type.String({
  minLength: 1,
  maxLength: 200,
  // A route that takes either would never find it by this name.
  pattern: '^(?![0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$)\\S(.*\\S)?$',
  description: 'Unique; without blanks at its ends, and not in the form of an id'
})

const nightly = {
  name: 'nightly report',
  task: 'process_data',
  args: { data: 'report' },
  cron: '30 2 * * *',
  timezone: 'Europe/Berlin',
  missed: 'once',
  overlap: 'skip'
}

export const NewSchedule = Type.Object(
  { name: Name, ...settings },
  {
    additionalProperties: false,
    title: 'NewSchedule',
    examples: [nightly, { name: 'ping', task: 'add', args: { x: 1, y: 2 }, every: 60 }]
  }
)
export type NewSchedule = Static<typeof NewSchedule>

export const SchedulePatch = Type.Object(
  { name: Type.Optional(Name), ...settings },
  {
    additionalProperties: false,
    minProperties: 1,
    title: 'SchedulePatch',
    examples: [{ enabled: false, note: 'paused for the move' }]
  }
)
export type SchedulePatch = Static<typeof SchedulePatch>

export const ScheduleBody = Type.Object(
  {
    id: Type.String({ description: 'Id (uuid)' }),
    name: Type.String({ description: 'Unique name' }),
    task: Type.String({ description: 'Kind of its tasks' }),
    args: Type.Unknown({ description: 'Arguments of its tasks' }),
    queue: Nullable(Type.String({ description: 'Queue of its tasks; null: that of the kind' })),
    priority: Nullable(Type.Integer({ description: 'Priority of its tasks; null: that of the kind' })),
    cron: Nullable(Type.String({ description: 'Cron expression' })),
    every: Nullable(Type.Number({ description: 'Seconds between occurrences' })),
    at: Nullable(Time('The one moment at which it is due')),
    timezone: Type.String({ description: 'Time zone of `cron`' }),
    start_at: Nullable(Time('Not due before')),
    end_at: Nullable(Time('Not due after')),
    jitter: Type.Number({ description: 'Seconds' }),
    enabled: Type.Boolean({ description: 'Whether it makes tasks' }),
    one_off: Type.Boolean({ description: 'Disabled after its first task' }),
    missed: Type.Enum(missedPolicies, { description: 'What becomes of missed occurrences' }),
    missed_max: Type.Integer({ description: 'Most tasks at a time for `missed: all`' }),
    overlap: Type.Enum(overlapPolicies, { description: 'Whether it makes a task while its last one is unfinished' }),
    expires: Nullable(Type.Number({ description: 'Seconds in which its tasks have to start' })),
    max_retries: Nullable(
      Type.Integer({ description: 'Retries of its tasks; null, here and below: as their kind says' })
    ),
    retry_delay: Nullable(Type.Number({ description: 'Seconds before the first retry' })),
    retry_backoff: Nullable(Type.Boolean({ description: 'Whether the delay doubles' })),
    retry_backoff_max: Nullable(Type.Number({ description: 'Longest delay in seconds' })),
    retry_jitter: Nullable(Type.Boolean({ description: 'Whether each delay is drawn at random' })),
    time_limit: Nullable(Type.Number({ description: 'Seconds after which an attempt is killed' })),
    soft_time_limit: Nullable(Type.Number({ description: 'Seconds after which its `signal` aborts' })),
    result_expires: Nullable(Type.Integer({ description: 'Seconds that a result stays readable' })),
    description: Nullable(Type.String({ description: 'What it is for' })),
    note: Nullable(Type.String({ description: 'Why it is as it is; why a worker disabled it' })),
    tags: Type.Array(Type.String(), { description: 'Tags of its tasks' }),
    system: Type.Boolean({ description: "Darkroom's own house-keeping: adjustable, cannot be deleted" }),
    created_at: Time('When it was made'),
    updated_at: Time('When its settings changed last'),
    last_run_at: Nullable(Time('When it last made a task')),
    last_task_id: Nullable(Type.String({ description: 'The task that it made last' })),
    next_run_at: Nullable(Time('When it is due next; null where it is disabled')),
    total_run_count: Type.Integer({ description: 'Tasks that it has made' }),
    total_skipped: Type.Integer({ description: 'Occurrences that made no task' })
  },
  { title: 'Schedule' }
)
export type ScheduleBody = Static<typeof ScheduleBody>

export const Schedules = List(ScheduleBody)

export const ScheduleFilters = Type.Object(
  {
    ...Page.properties,
    q: Type.Optional(Type.String({ maxLength: 200, description: 'Part of the name or the description' })),
    task: Type.Optional(Type.String({ maxLength: 100, description: 'Only schedules of this kind' })),
    enabled: Type.Optional(Type.Boolean({ description: 'Only enabled ones, or only disabled ones' })),
    system: Type.Optional(Type.Boolean({ description: "Only Darkroom's own, or only others" }))
  },
  { additionalProperties: false }
)
export type ScheduleFilters = Static<typeof ScheduleFilters>

export const OccurrenceBody = Type.Object(
  {
    due_at: Time('When it was due'),
    outcome: Type.Enum(occurrenceOutcomes, {
      description: '`fired`: it made a task; `skipped`; `coalesced`: a later one stands for it'
    }),
    reason: Nullable(
      Type.Enum(skipReasons, {
        description:
          'Why it made no task: `overlap` (the last task was unfinished), `missed` (more than 60 s late), `too_many` (beyond `missed_max`), `paused` (the schedule was disabled), `queue_gone`'
      })
    ),
    task_id: Nullable(Type.String({ description: 'The task that it made' })),
    late_by: Type.Number({ description: 'Seconds between `due_at` and the decision' }),
    manual: Type.Boolean({ description: 'Asked for by a request: run now, or backfill' }),
    until: Nullable(Time('The last one, where this row stands for several')),
    count: Type.Integer({ description: 'How many occurrences this row stands for' })
  },
  { title: 'Occurrence' }
)
export type OccurrenceBody = Static<typeof OccurrenceBody>

export const Occurrences = List(OccurrenceBody)

export const PreviewCount = Type.Object(
  {
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 10, description: 'How many occurrences' }))
  },
  { additionalProperties: false }
)

export const Preview = Type.Object({
  items: Type.Array(
    Type.Object({
      at: Time('When it will be due, in UTC'),
      local: Type.String({ description: "The same moment in the schedule's time zone, with its offset" }),
      note: Nullable(
        Type.Enum(['dst_gap', 'dst_repeat'] as const, {
          description:
            '`dst_gap`: the named local time does not exist on that day, so it is due right after the gap; `dst_repeat`: that local time comes twice, and it is due at the first'
        })
      )
    }),
    { description: 'In order' }
  )
})

export const PreviewRequest = Type.Object(
  { ...timing, ...PreviewCount.properties },
  {
    additionalProperties: false,
    title: 'PreviewRequest',
    examples: [{ cron: '30 2 * * *', timezone: 'Europe/Berlin', count: 5 }]
  }
)
export type PreviewRequest = Static<typeof PreviewRequest>

export const Backfill = Type.Object(
  { from: Time('First moment; inclusive'), to: Time('Last moment; inclusive; not in the future') },
  {
    additionalProperties: false,
    title: 'Backfill',
    examples: [{ from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' }]
  }
)
export type Backfill = Static<typeof Backfill>

export const Backfilled = Type.Object({
  items: Type.Array(
    Type.Object({
      due_at: Time('When it was due'),
      task_id: Type.String({ description: 'The task that was made for it' })
    }),
    { description: 'Occurrences that had made no task' }
  ),
  already_fired: Type.Integer({ description: 'Occurrences in that time that had made their task already' })
})
export type Backfilled = Static<typeof Backfilled>

export const TaskMade = Type.Object({ task_id: Type.String({ description: 'Id of the task' }) })
export type TaskMade = Static<typeof TaskMade>

export const Named = Type.Object({ id: Type.String({ description: 'Id (uuid), or the name' }) })
