import type { TaskBody } from '#tasks/schemas.ts'
import type { TaskMessage } from './schemas.ts'

const messages = new WeakMap<TaskBody, Buffer>()

/** The message as it is sent, made once for all watchers of the same change. */
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
