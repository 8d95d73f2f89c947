import type { TaskBody } from '#tasks/schemas.ts'
import { alone } from './alone.ts'

/** Called with a task's present state and after each change; with undefined if there is no such task. */
export type Watcher = (task: TaskBody | undefined) => void

/** The watchers of single tasks, each with the number of the first query that may answer it. */
export function watchersByTask() {
  const watchers = new Map<string, Map<Watcher, number>>()

  return {
    ids: () => watchers.keys(),

    has: (id: string) => watchers.has(id),

    /** Returns a function that removes it. */
    add(id: string, watcher: Watcher, from: number): () => void {
      const told = watchers.get(id) ?? new Map<Watcher, number>()
      watchers.set(id, told.set(watcher, from))
      return () => {
        told.delete(watcher)
        if (told.size === 0 && watchers.get(id) === told) watchers.delete(id)
      }
    },

    /** What an earlier query has read may be older than the watcher. */
    tell(id: string, task: TaskBody | undefined, query: number) {
      for (const [watcher, from] of watchers.get(id) ?? []) if (from <= query) alone(() => watcher(task))
    },

    count() {
      let count = 0
      for (const told of watchers.values()) count += told.size
      return count
    }
  }
}

export type WatchersByTask = ReturnType<typeof watchersByTask>
