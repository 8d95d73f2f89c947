import type { Database } from '#database/connect.ts'
import { findTask } from './read.ts'
import type { TaskBody } from './schemas.ts'
import { isFinal } from './words.ts'

/** Who wants to know about which task. Fed by the one connection of this process that listens. */
export function watchTasks() {
  const watchers = new Map<string, Set<() => void>>()

  return {
    /** A message of the channel `changed`. */
    hear(payload: string) {
      for (const id of payload.split(',')) for (const tell of watchers.get(id) ?? []) tell()
    },
    /** Something may have been missed: everybody looks again. */
    lookAgain() {
      for (const told of watchers.values()) for (const tell of told) tell()
    },
    watch(id: string, tell: () => void): () => void {
      const told = watchers.get(id) ?? new Set()
      watchers.set(id, told.add(tell))
      return () => {
        told.delete(tell)
        if (told.size === 0 && watchers.get(id) === told) watchers.delete(id)
      }
    }
  }
}

export type Watching = ReturnType<typeof watchTasks>

// Somebody always tells us when a task has changed. This is for the one time that the message is lost.
const backstop = 5_000

interface Needs {
  db: Database
  watching: Watching
}

/** Answers as soon as the task is finished, at the latest after so many seconds; undefined when there is none. */
export async function waitUntilFinished(
  { db, watching }: Needs,
  id: string,
  seconds: number,
  signal?: AbortSignal
): Promise<TaskBody | undefined> {
  const end = Date.now() + seconds * 1000
  let changed = Promise.withResolvers<void>()
  // First the watch, then the look: what happens in between is heard.
  const stop = watching.watch(id, () => changed.resolve())
  const giveUp = () => changed.resolve()
  signal?.addEventListener('abort', giveUp)
  try {
    for (;;) {
      const task = await findTask(db, id)
      const left = end - Date.now()
      if (!task || isFinal(task.state) || left <= 0 || signal?.aborted) return task
      const timer = setTimeout(giveUp, Math.min(left, backstop))
      await changed.promise
      clearTimeout(timer)
      changed = Promise.withResolvers()
    }
  } finally {
    stop()
    signal?.removeEventListener('abort', giveUp)
  }
}
