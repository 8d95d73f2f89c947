import { createHash } from 'node:crypto'
import type { Watching } from '#tasks/read/watch.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { messageOf } from '../message.ts'

export interface Listener {
  hear(task: TaskBody, message: Buffer): void
  /** Called when changes may have been lost. */
  lost(): void
}

// Tasks whose last message is remembered. A duplicate notification comes soon after the first.
const mostRemembered = 20_000

/** Every change of every task, built once for all listeners; a message equal to the task's last one is dropped. */
export function changesOf(watching: Watching) {
  const listeners = new Set<Listener>()
  const said = new Map<string, string>()
  let stop: (() => void) | undefined

  function hear(task: TaskBody) {
    const message = messageOf(task)
    const digest = createHash('sha1').update(message).digest('base64')
    if (said.get(task.id) === digest) return
    // Moves the task to the end of the map, which is trimmed at its beginning.
    said.delete(task.id)
    said.set(task.id, digest)
    if (said.size > mostRemembered) said.delete(said.keys().next().value!)
    for (const listener of listeners) listener.hear(task, message)
  }

  function lost() {
    for (const listener of [...listeners]) listener.lost()
  }

  return function listen(listener: Listener): () => void {
    listeners.add(listener)
    stop ??= watching.watchAll({ wants: () => true, hear, lost })
    return () => {
      listeners.delete(listener)
      if (listeners.size > 0) return
      stop?.()
      stop = undefined
      said.clear()
    }
  }
}
