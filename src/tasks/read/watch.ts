import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '#database/connect.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { isFinal } from '#tasks/words.ts'
import { findTasks } from './find.ts'

/** Is told what a task is at the moment, and again after each change; undefined when there is no such task. */
export type Watcher = (task: TaskBody | undefined) => void

// What one question is about: results are up to 1 MiB each, and all of the answers are in memory at once.
const mostAtOnce = 100
// Changes that wait to be told to those who watch all. Who is behind by more cannot be told everything.
const mostForAll = 100_000
const afterTrouble = 500
// Somebody always tells us when a task has changed. This is for the one time that the message is lost.
const backstop = 5_000
// How far back to look once we hear again: longer than it takes to notice that a connection is dead.
const marksKept = 12

const markText = `select coalesce(pg_sequence_last_value(pg_get_serial_sequence('darkroom.events', 'id')::regclass), 0) as mark`
// No index knows the order of all events: this reads the table, but only after a reconnect and only for those who
// want to hear of everything.
const missedText = 'select distinct task_id as id from darkroom.events where id > $1'

/**
 * Who wants to know about which task. It is fed by the one connection of this process that listens, and asks the
 * database once for all who watch, whatever is named together in one question: a thousand watchers of one task cost
 * one row a change.
 */
export function watchTasks(db: Database) {
  // With the number of the first question that may answer the watcher: one that was asked before he came could show
  // him a task as it was earlier than he knows it.
  const watchers = new Map<string, Map<Watcher, number>>()
  const watchersOfAll = new Map<(task: TaskBody) => void, () => void>()
  // With whether a change was announced. Somebody who begins to watch is no news for those who watch all.
  const pending = new Map<string, boolean>()
  // What only those want who watch all. It comes after the rest: many changes must not keep one from being told.
  const pendingForAll = new Set<string>()
  // Events up to which everything was heard of, the oldest first.
  let marks: number[] = []
  let asked = 0
  let reading = false
  let closed = false
  const timer = setInterval(() => {
    lookAtWatched()
    void mark()
  }, backstop).unref()

  function lookAtWatched() {
    for (const id of watchers.keys()) look(id, false)
  }

  function look(id: string, announced: boolean) {
    if (watchers.has(id)) pending.set(id, announced || pending.get(id) === true)
    else if (announced && watchersOfAll.size > 0) lookForAll(id)
    else return
    if (!reading) void read()
  }

  function lookForAll(id: string) {
    pendingForAll.add(id)
    if (pendingForAll.size <= mostForAll) return
    pendingForAll.clear()
    for (const lost of [...watchersOfAll.values()]) lost()
  }

  /** What to ask about next: no more than one answer may hold, with whether it was announced. */
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
    // Whoever begins to watch at this moment is asked about together with the others.
    await null
    for (let batch = take(); batch.length > 0 && !closed; batch = take()) {
      const question = ++asked
      const found = await find(batch.map(([id]) => id))
      if (found) {
        for (const [id, announced] of batch) tell(id, found.get(id), question, announced)
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
      // The database is away; it will be back.
      return undefined
    }
  }

  function tell(id: string, task: TaskBody | undefined, question: number, announced: boolean) {
    for (const [watcher, from] of watchers.get(id) ?? []) if (from <= question) alone(() => watcher(task))
    if (task && announced) for (const watcher of watchersOfAll.keys()) alone(() => watcher(task))
  }

  /** Remembers how far the events are, while all is well. */
  async function mark() {
    if (watchersOfAll.size === 0) return
    try {
      const { rows } = await db.pool.query<{ mark: number }>({ name: 'mark_events', text: markText, values: [] })
      marks = [...marks, rows[0]!.mark].slice(-marksKept)
    } catch {
      // The older ones will do.
    }
  }

  async function lookForMissed() {
    const from = marks[0]
    while (from !== undefined && watchersOfAll.size > 0 && !closed) {
      try {
        const { rows } = await db.pool.query<{ id: string }>({
          name: 'missed_events',
          text: missedText,
          values: [from]
        })
        for (const { id } of rows) look(id, true)
        return
      } catch {
        await delay(afterTrouble, undefined, { ref: false })
      }
    }
  }

  return {
    /** A message of the channel `changed`. */
    hear(payload: string) {
      for (const id of payload.split(',')) look(id, true)
    },

    /** Something may have been missed: everything that somebody watches is looked at again. */
    lookAgain() {
      lookAtWatched()
      void lookForMissed()
    },

    /** Tells what the task is now, soon, and then of each change. Answers how to stop. */
    watch(anyCase: string, watcher: Watcher): () => void {
      const id = anyCase.toLowerCase()
      const told = watchers.get(id) ?? new Map<Watcher, number>()
      watchers.set(id, told.set(watcher, asked + 1))
      // First the watch, then the look: what happens in between is heard.
      look(id, false)
      return () => {
        told.delete(watcher)
        if (told.size === 0 && watchers.get(id) === told) watchers.delete(id)
      }
    },

    /** Every change of every task from now on, or the news that there were more than could be told. */
    watchAll(watcher: (task: TaskBody) => void, lost: () => void): () => void {
      watchersOfAll.set(watcher, lost)
      if (watchersOfAll.size === 1) void mark()
      return () => {
        watchersOfAll.delete(watcher)
        if (watchersOfAll.size > 0) return
        marks = []
        pendingForAll.clear()
      }
    },

    /** How many watch. */
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

/** A watcher that fails is a bug of ours, which the log shall have; the others are told all the same. */
function alone(tell: () => void) {
  try {
    tell()
  } catch (error) {
    void Promise.reject(error)
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
