import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Database } from '#database/connect.ts'
import { isCancelled } from '#database/outage.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { isFinal } from '#tasks/words.ts'
import { findTasks } from './find.ts'

/** Gets a task as it is, and again after each change; undefined if there is no such task. */
export type Watcher = (task: TaskBody | undefined) => void

// Tasks of one query: results are up to 1 MiB each, and all of the answer is in memory at once.
const mostAtOnce = 100
// Changes that wait for the watchers of all tasks. Beyond that they are told that they have missed some.
const mostForAll = 100_000
const afterTrouble = 500
// Each change is announced. This is for the one time that an announcement is lost.
const backstop = 5_000
// How far back to look after a reconnect: longer than it takes to notice that a connection is dead.
const marksKept = 12

export const markEventsSql = `
select coalesce(pg_sequence_last_value(pg_get_serial_sequence('darkroom.events', 'id')::regclass), 0) as mark`

/**
 * Reads the whole index of the events, as none has their order: another index would cost each event a write, and this
 * runs only after a reconnect, for watchers of all tasks. 3 million events take 0.3 s.
 */
export const findMissedSql = `
select distinct task_id as id from darkroom.events where id > $1`

// So long it may take; beyond that the watchers are told that they have missed changes.
const missedPatience = '5s'

/**
 * Who watches which task. It is fed by the one connection of this process that listens, and queries the database once
 * for all watchers: a thousand watchers of one task cost one row a change.
 */
export function watchTasks(db: Database) {
  // With the number of the first query that may answer the watcher: an earlier one could show it the task as it was
  // before the watcher came.
  const watchers = new Map<string, Map<Watcher, number>>()
  const watchersOfAll = new Map<(task: TaskBody) => void, () => void>()
  // With whether a change was announced. A new watcher is no news for the watchers of all.
  const pending = new Map<string, boolean>()
  // What only the watchers of all want. It comes after the rest: many changes must not delay the watcher of one task.
  const pendingForAll = new Set<string>()
  // Events up to which every announcement arrived, the oldest first.
  let marks: number[] = []
  let asked = 0
  let reading = false
  let searching = false
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
    if (pendingForAll.size > mostForAll) loseAll()
  }

  /** Tells the watchers of all that they have missed changes. */
  function loseAll() {
    pendingForAll.clear()
    for (const lost of [...watchersOfAll.values()]) lost()
  }

  /** The ids of the next query, no more than one answer may hold, with whether a change was announced. */
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
    // Watchers that come at the same moment share a query.
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
      // The database is away; it is asked again.
      return undefined
    }
  }

  function tell(id: string, task: TaskBody | undefined, query: number, announced: boolean) {
    for (const [watcher, from] of watchers.get(id) ?? []) if (from <= query) alone(() => watcher(task))
    if (task && announced) for (const watcher of watchersOfAll.keys()) alone(() => watcher(task))
  }

  /** Remembers the last event, while announcements arrive. */
  async function mark() {
    if (watchersOfAll.size === 0) return
    try {
      const { rows } = await db.pool.query<{ mark: number }>({ name: 'mark_events', text: markEventsSql, values: [] })
      marks = [...marks, rows[0]!.mark].slice(-marksKept)
    } catch {
      // The older marks will do.
    }
  }

  async function searchMissed() {
    const from = marks[0]
    if (searching || from === undefined) return
    searching = true
    while (watchersOfAll.size > 0 && !closed) {
      try {
        for (const id of await findMissed(db.pool, from)) look(id, true)
        break
      } catch (error) {
        if (isCancelled(error)) {
          // It would take as long the next time.
          loseAll()
          break
        }
        await delay(afterTrouble, undefined, { ref: false })
      }
    }
    searching = false
  }

  return {
    /** A message of the channel `changed`. */
    hear(payload: string) {
      for (const id of payload.split(',')) look(id, true)
    },

    /** After a reconnect announcements may be missing: everything that is watched is read again. */
    lookAgain() {
      lookAtWatched()
      void searchMissed()
    },

    /** Tells what the task is now, soon, and then each change. Returns how to stop. */
    watch(anyCase: string, watcher: Watcher): () => void {
      const id = anyCase.toLowerCase()
      const told = watchers.get(id) ?? new Map<Watcher, number>()
      watchers.set(id, told.set(watcher, asked + 1))
      // First the watch, then the look: a change in between is announced to it.
      look(id, false)
      return () => {
        told.delete(watcher)
        if (told.size === 0 && watchers.get(id) === told) watchers.delete(id)
      }
    },

    /** Every change of every task from now on; `lost` is called when some of them cannot be told. */
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

/** Ids of tasks with events after one; fails when Postgres has not answered in time. */
async function findMissed(pool: Pool, after: number): Promise<string[]> {
  const client = await pool.connect()
  let failed = true
  try {
    await client.query(`begin read only; set local statement_timeout = '${missedPatience}'`)
    const { rows } = await client.query<{ id: string }>(findMissedSql, [after])
    await client.query('commit')
    failed = false
    return rows.map(({ id }) => id)
  } finally {
    // A connection with an open transaction is not given back.
    client.release(failed)
  }
}

/** A watcher that throws is a bug of ours and belongs into the log; the other watchers are told all the same. */
function alone(tell: () => void) {
  try {
    tell()
  } catch (error) {
    void Promise.reject(error)
  }
}

export type Watching = ReturnType<typeof watchTasks>

/** Answers as soon as the task is finished, at the latest after so many seconds; undefined if there is none. */
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
