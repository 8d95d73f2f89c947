import type { Task } from '#database/tables.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import type { Enqueued, NewTask } from '#tasks/submit/enqueue.ts'
import { isFinal, statusOf } from '#tasks/words.ts'

/** By their names: a statement that was prepared with all of them fails once a migration, or a DBA, has added one. */
const columns = [
  ...([
    'id',
    'task',
    'name',
    'description',
    'queue',
    'priority',
    'args',
    'state',
    'progress',
    'progress_detail'
  ] as const),
  ...(['error', 'attempts', 'max_retries', 'result_expires', 'eta', 'expires_at', 'created_at', 'started_at'] as const),
  ...(['finished_at', 'worker', 'tags', 'schedule_id', 'video_id'] as const)
]

/** What is read of a task `t` to present it. */
export const presented = columns.map(column => `t.${column}`).join(', ')

export interface Row extends Pick<Task, (typeof columns)[number]> {
  result: unknown
  /** It has succeeded, and what it answered is not readable any more. */
  result_expired: boolean
}

/** Rows are exact; bodies are plain. This is the one place where a task's meet. */
export function present(row: Row): TaskBody {
  const { finished_at, result_expires, result_expired } = row
  return {
    id: row.id,
    task: row.task,
    name: row.name,
    description: row.description,
    queue: row.queue,
    priority: row.priority,
    args: row.args,
    state: row.state,
    status: statusOf(row),
    progress: row.progress,
    progress_detail: row.progress_detail,
    result: row.result ?? null,
    result_expires_at: iso(finished_at && isFinal(row.state) ? later(finished_at, result_expires) : null),
    error: result_expired ? { type: 'expired', message: 'The result has expired' } : row.error,
    attempts: row.attempts,
    max_retries: row.max_retries,
    eta: iso(row.eta),
    expires_at: iso(row.expires_at),
    created_at: row.created_at.toISOString(),
    started_at: iso(row.started_at),
    finished_at: iso(finished_at),
    worker: row.worker,
    tags: row.tags,
    schedule_id: row.schedule_id,
    video_id: row.video_id
  }
}

/** A task as it was when its row was written. By now it may be done; that would be another answer. */
export function presentNew(task: NewTask, { eta, expires_at, created_at }: Enqueued): TaskBody {
  return {
    id: task.id,
    task: task.task,
    name: task.name ?? null,
    description: task.description ?? null,
    queue: task.queue,
    priority: task.priority,
    args: task.args,
    state: 'PENDING',
    status: statusOf({ state: 'PENDING', eta }),
    progress: null,
    progress_detail: null,
    result: null,
    result_expires_at: null,
    error: null,
    attempts: 0,
    max_retries: task.max_retries,
    eta: iso(eta),
    expires_at: iso(expires_at),
    created_at: created_at.toISOString(),
    started_at: null,
    finished_at: null,
    worker: null,
    tags: task.tags ?? [],
    schedule_id: task.schedule_id ?? null,
    video_id: task.video_id ?? null
  }
}

function later(time: Date, seconds: number) {
  return new Date(time.getTime() + seconds * 1000)
}

function iso(time: Date | null) {
  return time?.toISOString() ?? null
}
