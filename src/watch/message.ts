import type { TaskBody } from '#tasks/schemas.ts'
import type { TaskMessage } from './schemas.ts'

const messages = new WeakMap<TaskBody, Buffer>()

/** The message as text, made once for all watchers of a change. */
export function messageOf(task: TaskBody): Buffer {
  let message = messages.get(task)
  if (!message) {
    message = Buffer.from(JSON.stringify(describe(task)))
    messages.set(task, message)
  }
  return message
}

export function describe({ id, state, status, progress, result, error }: TaskBody): TaskMessage {
  return { task_id: id, state, status, progress, result, error }
}
