import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '#database/connect.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { findTasks } from './find.ts'
import { eventMarks } from './missed.ts'

/** Called with a task's present state and after each change; with undefined if there is no such task. */
export type Watcher = (task: TaskBody | undefined) => void

export interface WatcherOfAll {
  /** Whether its changes matter now: a task that no watcher wants is not read. */
  wants(id: string): boolean
  hear(task: TaskBody): void
  /** Some changes were dropped. */
  lost(): void
}

// Tasks in one query: a result may have 1 MiB, and the whole answer is in memory.
const mostAtOnce = 100
// Unsent changes for watchers of all tasks; beyond this they get `lost` instead.
const mostForAll = 100_000
const afterTrouble = 500
// Milliseconds. Each change is announced by NOTIFY; this poll is for a lost notification.
const backstop = 5_000
/**
 * The watchers of tasks in this process. Its one LISTEN connection reports changes, and each change is read from the
 * database once for all watchers: a thousand watchers of one task cost one row.
 */
export function watchTasks(db: Database) {
  // Each watcher with the number of the first query that may answer it: an earlier query may be older than the watcher.
  const watchers = new Map<string, Map<Watcher, number>>()
  const watchersOfAll = new Set<WatcherOfAll>()
  // Task ids to read, each with whether a change was announced: watchers of all tasks get only those.
  const pending = new Map<string, boolean>()
  // Ids that only watchers of all tasks want. Read last, so that many changes do not delay the watcher of one task.
  const pendingForAll = new Set<string>()
  const marks = eventMarks(db)
  let asked = 0
  let reading = false
  let searching = false
  let closed = false
  const timer = setInterval(() => {
    lookAtWatched()
    if (watchersOfAll.size > 0) void marks.add()
  }, backstop).unref()

  function lookAtWatched() {
    for (const id of watchers.keys()) look(id, false)
  }

  function look(id: string, announced: boolean) {
    if (watchers.has(id)) pending.set(id, announced || pending.get(id) === true)
    else if (announced && watchersOfAll.values().some(({ wants }) => wants(id))) lookForAll(id)
    else return
    if (!reading) void read()
  }

  function lookForAll(id: string) {
    pendingForAll.add(id)
    if (pendingForAll.size > mostForAll) loseAll()
  }

  /** Drops the unsent changes of watchers of all tasks, and calls their `lost`. */
  function loseAll() {
    pendingForAll.clear()
    for (const { lost } of [...watchersOfAll]) lost()
  }

  /** The ids of the next query, at most `mostAtOnce`, each with whether a change was announced. */
  function take() {
    const batch = [...pending.entries().take(mostAtOnce)]
    for (const [id] of batch) pending.delete(id)
    for (const id of pendingForAll.values().take(mostAtOnce - batch.length)) {
      pendingForAll.delete(id)
      batch.push([id, true])
    }
    return batch
  }

  async function read() {
    reading = true
    // Watchers that start in the same tick share a query.
    await null
    for (let batch = take(); batch.length > 0 && !closed; batch = take()) {
      const query = ++asked
      const found = await find(batch.map(([id]) => id))
      if (found) {
        for (const [id, announced] of batch) tell(id, found.get(id), query, announced)
      } else {
        for (const [id, announced] of batch) look(id, announced)
        await delay(afterTrouble, undefined, { ref: false })
      }
    }
    reading = false
  }

  async function find(ids: string[]) {
    try {
      return new Map((await findTasks(db, ids)).map(task => [task.id, task]))
    } catch {
      // The database is unreachable: the caller retries.
      return undefined
    }
  }

  function tell(id: string, task: TaskBody | undefined, query: number, announced: boolean) {
    for (const [watcher, from] of watchers.get(id) ?? []) if (from <= query) alone(() => watcher(task))
    if (!task || !announced) return
    for (const { wants, hear } of watchersOfAll) if (wants(id)) alone(() => hear(task))
  }

  async function searchMissed() {
    const from = marks.oldest()
    if (searching || from === undefined) return
    searching = true
    while (watchersOfAll.size > 0 && !closed) {
      try {
        const missed = await marks.findMissed(from)
        if (missed) for (const id of missed) look(id, true)
        else loseAll()
        break
      } catch {
        await delay(afterTrouble, undefined, { ref: false })
      }
    }
    searching = false
  }

  return {
    /** Takes a message of the channel `changed`. */
    hear(payload: string) {
      for (const id of payload.split(',')) look(id, true)
    },

    /** After a reconnect, notifications may be missing: rereads every watched task. */
    lookAgain() {
      lookAtWatched()
      void searchMissed()
    },

    /** Reports the task's present state soon, and then each change. Returns a function that stops it. */
    watch(anyCase: string, watcher: Watcher): () => void {
      const id = anyCase.toLowerCase()
      const told = watchers.get(id) ?? new Map<Watcher, number>()
      watchers.set(id, told.set(watcher, asked + 1))
      // Watches before it reads, so that no change in between is missed.
      look(id, false)
      return () => {
        told.delete(watcher)
        if (told.size === 0 && watchers.get(id) === told) watchers.delete(id)
      }
    },

    /** Reports every change of every task that the watcher wants, from now on. */
    watchAll(watcher: WatcherOfAll): () => void {
      watchersOfAll.add(watcher)
      if (watchersOfAll.size === 1) void marks.add()
      return () => {
        watchersOfAll.delete(watcher)
        if (watchersOfAll.size > 0) return
        marks.clear()
        pendingForAll.clear()
      }
    },

    /** The number of watchers. */
    count() {
      let count = watchersOfAll.size
      for (const told of watchers.values()) count += told.size
      return count
    },

    close() {
      closed = true
      clearInterval(timer)
    }
  }
}

/** Logs the error of a watcher, which is a bug of ours, and lets the other watchers run. */
function alone(tell: () => void) {
  try {
    tell()
  } catch (error) {
    void Promise.reject(error)
  }
}

export type Watching = ReturnType<typeof watchTasks>
