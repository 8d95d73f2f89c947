import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '#database/connect.ts'
import { findTasks } from './read.ts'
import type { TaskBody } from './schemas.ts'
import { isFinal } from './words.ts'

/** Is told what a task is at the moment, and again after each change; undefined when there is no such task. */
export type Watcher = (task: TaskBody | undefined) => void

// More than a NOTIFY can name; as many as one question should be about.
const mostAtOnce = 500
const afterTrouble = 500
// Somebody always tells us when a task has changed. This is for the one time that the message is lost.
const backstop = 5_000

/**
 * Who wants to know about which task. It is fed by the one connection of this process that listens, and asks the
 * database once for all who watch, whatever is named together in one question: a thousand watchers of one task cost
 * one row a change.
 */
export function watchTasks(db: Database) {
  const watchers = new Map<string, Set<Watcher>>()
  const watchersOfAll = new Set<(task: TaskBody) => void>()
  const pending = new Set<string>()
  let reading = false
  let closed = false
  const timer = setInterval(lookAgain, backstop).unref()

  /** Something may have been missed: everything that somebody watches is looked at again. */
  function lookAgain() {
    for (const id of watchers.keys()) look(id)
  }

  function look(id: string) {
    pending.add(id)
    if (!reading) void read()
  }

  async function read() {
    reading = true
    // Whoever begins to watch at this moment is asked about together with the others.
    await null
    while (pending.size > 0 && !closed) {
      const ids = [...pending].slice(0, mostAtOnce)
      for (const id of ids) pending.delete(id)
      try {
        const found = new Map((await findTasks(db, ids)).map(task => [task.id, task]))
        for (const id of ids) tell(id, found.get(id))
      } catch {
        for (const id of ids) pending.add(id)
        await delay(afterTrouble, undefined, { ref: false })
      }
    }
    reading = false
  }

  function tell(id: string, task: TaskBody | undefined) {
    for (const watcher of watchers.get(id) ?? []) watcher(task)
    if (task) for (const watcher of watchersOfAll) watcher(task)
  }

  return {
    /** A message of the channel `changed`. */
    hear(payload: string) {
      for (const id of payload.split(',')) if (watchersOfAll.size > 0 || watchers.has(id)) look(id)
    },

    lookAgain,

    /** Tells what the task is now, soon, and then of each change. Answers how to stop. */
    watch(id: string, watcher: Watcher): () => void {
      const told = watchers.get(id) ?? new Set()
      watchers.set(id, told.add(watcher))
      // First the watch, then the look: what happens in between is heard.
      look(id)
      return () => {
        told.delete(watcher)
        if (told.size === 0 && watchers.get(id) === told) watchers.delete(id)
      }
    },

    /** Every change of every task from now on. */
    watchAll(watcher: (task: TaskBody) => void): () => void {
      watchersOfAll.add(watcher)
      return () => watchersOfAll.delete(watcher)
    },

    close() {
      closed = true
      clearInterval(timer)
    }
  }
}

export type Watching = ReturnType<typeof watchTasks>

/** Answers as soon as the task is finished, at the latest after so many seconds; undefined when there is none. */
export function waitUntilFinished(
  watching: Watching,
  id: string,
  seconds: number,
  signal?: AbortSignal
): Promise<TaskBody | undefined> {
  return new Promise(resolve => {
    let latest: TaskBody | undefined
    const timer = setTimeout(end, seconds * 1000)
    signal?.addEventListener('abort', end)
    if (signal?.aborted) queueMicrotask(end)
    const stop = watching.watch(id, task => {
      latest = task
      if (!task || isFinal(task.state)) end()
    })

    function end() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      stop()
      resolve(latest)
    }
  })
}
