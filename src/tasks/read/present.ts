import type { Task } from '#database/tables.ts'
import type { ShownColumn } from '#tasks/columns.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import type { Enqueued } from '#tasks/submit/enqueue.ts'
import type { NewTask } from '#tasks/submit/new-task.ts'
import { isFinal, statusOf } from '#tasks/words.ts'

export interface Row extends Pick<Task, ShownColumn> {
  result: unknown
  /** The task has succeeded, and its result is not readable any more. */
  result_expired: boolean
}

// Beside the bodies: answers do not show it.
const owners = new WeakMap<TaskBody, string>()

/** The family of the key that has created a task, where that key is limited to its own. */
export function ownerOf(task: TaskBody) {
  return owners.get(task)
}

/** Converts a row to the body of an answer. */
export function present(row: Row): TaskBody {
  const body = bodyOf(row)
  if (row.owner !== null) owners.set(body, row.owner)
  return body
}

function bodyOf(row: Row): TaskBody {
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
    video_id: row.video_id,
    created_by: row.created_by,
    traceparent: row.traceparent
  }
}

/** A task as its submission wrote it, although it may be finished by now. */
export function presentNew(task: NewTask, { eta, expires_at, created_at }: Enqueued): TaskBody {
  return present({
    ...notStarted,
    id: task.id,
    task: task.task,
    name: task.name ?? null,
    description: task.description ?? null,
    queue: task.queue,
    priority: task.priority,
    args: task.args,
    max_retries: task.max_retries,
    result_expires: task.result_expires,
    eta,
    expires_at,
    created_at,
    tags: task.tags ?? [],
    schedule_id: task.schedule_id ?? null,
    video_id: task.video_id ?? null,
    created_by: task.created_by ?? null,
    traceparent: task.traceparent ?? null,
    owner: task.owner ?? null
  })
}

const notStarted = {
  state: 'PENDING',
  attempts: 0,
  progress: null,
  progress_detail: null,
  error: null,
  started_at: null,
  finished_at: null,
  worker: null,
  result: null,
  result_expired: false
} as const

function later(time: Date, seconds: number) {
  return new Date(time.getTime() + seconds * 1000)
}

function iso(time: Date | null) {
  return time?.toISOString() ?? null
}
