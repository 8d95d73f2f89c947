import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '#database/connect.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { alone } from './alone.ts'
import { eventMarks } from './missed.ts'

export interface WatcherOfAll {
  /** Whether its changes matter now: a task that no watcher wants is not read. */
  wants(id: string): boolean
  hear(task: TaskBody): void
  /** Some changes were dropped. */
  lost(): void
}

// Milliseconds.
const afterTrouble = 500

/** The watchers of all tasks, and what they have missed while the LISTEN connection was lost. */
export function watchersOfAll(db: Database) {
  const watchers = new Set<WatcherOfAll>()
  const marks = eventMarks(db)
  let searching = false
  let closed = false

  return {
    add(watcher: WatcherOfAll) {
      watchers.add(watcher)
      if (watchers.size === 1) void marks.add()
    },

    remove(watcher: WatcherOfAll) {
      watchers.delete(watcher)
      if (watchers.size === 0) marks.clear()
    },

    count: () => watchers.size,

    want: (id: string) => watchers.values().some(({ wants }) => wants(id)),

    tell(task: TaskBody) {
      for (const { wants, hear } of watchers) if (wants(task.id)) alone(() => hear(task))
    },

    lose() {
      for (const { lost } of [...watchers]) lost()
    },

    /** Remembers that all changes up to now have arrived. */
    mark() {
      if (watchers.size > 0) void marks.add()
    },

    /** Ids of the tasks that changed since the oldest mark; undefined if that cannot be said in time. */
    async findMissed(): Promise<string[] | undefined> {
      const from = marks.oldest()
      if (searching || from === undefined) return []
      searching = true
      try {
        while (watchers.size > 0 && !closed) {
          try {
            return await marks.findMissed(from)
          } catch {
            await delay(afterTrouble, undefined, { ref: false })
          }
        }
        return []
      } finally {
        searching = false
      }
    },

    close() {
      closed = true
    }
  }
}

export type WatchersOfAll = ReturnType<typeof watchersOfAll>
