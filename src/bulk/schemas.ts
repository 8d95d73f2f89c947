import { type Static, Type } from 'typebox'
import { bulkActions } from '#database/tables.ts'
import { List, Nullable, Time } from '#schema/common.ts'
import { taskFilters } from '#tasks/listing/schemas.ts'
import { TaskBody } from '#tasks/schemas.ts'

const actions = ['retry', 'cancel', 'forget', 'move'] as const
export type Action = (typeof actions)[number]

const Filter = Type.Object(taskFilters, {
  additionalProperties: false,
  description: 'Parameters of `GET /api/tasks`. Tasks that do not fit the action are passed over'
})

export const NewBulk = Type.Object(
  {
    action: Type.Enum(actions, {
      description:
        '`retry`: what failed or was revoked; `cancel`: what has not finished; `forget`: what has; `move`: what waits, to `queue`'
    }),
    filter: Filter,
    queue: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Queue to move to' })),
    over: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 604_800,
        description: 'Seconds over which retried tasks are spread, instead of all at once'
      })
    ),
    dry_run: Type.Optional(Type.Boolean({ description: 'Only say what would be done' })),
    preview: Type.Optional(
      Type.String({
        maxLength: 500,
        description: 'That of a dry run of the same action in the last ten minutes: later tasks are not touched'
      })
    )
  },
  { additionalProperties: false, title: 'NewBulk', examples: [{ action: 'retry', filter: { status: 'FAILED' } }] }
)
export type NewBulk = Static<typeof NewBulk>

const By = Type.Object({
  status: Type.String({ description: 'Status' }),
  task: Type.String({ description: 'Kind' }),
  queue: Type.String({ description: 'Queue' }),
  count: Type.Integer({ description: 'Number of tasks' }),
  exact: Type.Boolean({ description: 'Whether that is their number; else about so many, or at least' })
})

export const DryRun = Type.Object(
  {
    count: Type.Integer({ description: 'Tasks that would be changed' }),
    exact: Type.Boolean({ description: 'Whether that is their number; else about so many, or at least' }),
    by: Type.Array(By, { description: 'They by status, kind and queue' }),
    skipped: Type.Array(By, { description: 'Tasks that match the filter and do not fit the action' }),
    samples: Type.Array(TaskBody, { description: 'The newest five of them' }),
    preview: Type.String({ description: 'To be sent with the request that does it, within ten minutes' })
  },
  { title: 'DryRun' }
)

export const Started = Type.Object(
  { id: Type.String({ description: 'Operation' }), task_id: Type.String({ description: 'Task that carries it out' }) },
  { title: 'BulkStarted' }
)

export const bulkStatuses = ['waiting', 'running', 'completed', 'aborted', 'failed'] as const

export const BulkBody = Type.Object(
  {
    id: Type.String({ description: 'Id' }),
    action: Type.Enum(bulkActions, { description: 'What is done; `undo`: that of `undo_of` is taken back' }),
    status: Type.Enum(bulkStatuses, {
      description: '`failed`: its task has failed, and goes on where it was when it is retried'
    }),
    filter: Type.Unsafe<Record<string, unknown>>(
      Type.Object({}, { additionalProperties: true, description: 'The filter, frozen' })
    ),
    queue: Nullable(Type.String({ description: 'Queue that tasks are moved to' })),
    over: Nullable(Type.Number({ description: 'Seconds over which retried tasks are spread' })),
    progress: Type.Number({ minimum: 0, maximum: 1, description: 'Share of the tasks that it has looked at' }),
    expected: Type.Integer({ description: 'Tasks that matched when it was made' }),
    exact: Type.Boolean({ description: 'Whether that was their number; else about so many' }),
    done: Type.Integer({ description: 'Tasks that it has changed' }),
    skipped: Type.Array(
      Type.Object({
        reason: Type.String({
          description:
            'Why: `not_retryable`, `finished`, `not_waiting`, `moved_on`, `was_running`, `video_busy`, `locked`, `gone`, `queue_gone`, `beyond_limits`'
        }),
        count: Type.Integer({ description: 'Number of tasks' })
      }),
      { description: 'Tasks that it has left as they are' }
    ),
    undo_of: Nullable(Type.String({ description: 'Operation that this one undoes' })),
    undone_by: Nullable(Type.String({ description: 'Operation that undoes this one' })),
    can_undo: Type.Boolean({ description: 'Whether `undo` would be accepted now' }),
    task_id: Type.String({ description: 'Task that carries it out' }),
    created_by: Nullable(Type.String({ description: 'Who asked for it' })),
    created_at: Time('When it was asked for'),
    started_at: Nullable(Time('When it began')),
    finished_at: Nullable(Time('When it ended'))
  },
  { title: 'BulkOperation' }
)
export type BulkBody = Static<typeof BulkBody>

export const Bulks = List(BulkBody)
