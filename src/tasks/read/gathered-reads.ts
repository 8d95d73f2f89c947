import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '#database/connect.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { findTasks } from './find.ts'

/** What one query was asked for and found. */
interface Reading {
  /** Task ids, each with whether a change was announced. */
  asked: [id: string, announced: boolean][]
  /** Undefined if the database was unreachable. */
  found: Map<string, TaskBody> | undefined
  /** Queries are numbered. */
  query: number
}

// Tasks in one query: a result may have 1 MiB, and the whole answer is in memory.
const mostAtOnce = 100
// Ids of tasks that only watchers of all tasks want; beyond this they have lost some.
const mostLater = 100_000
// Milliseconds.
const afterTrouble = 500

/** Reads tasks by id: one query at a time, with what was asked for since the one before. */
export function gatherReads(db: Database, take: (reading: Reading) => void) {
  const ids = idsToRead()
  let query = 0
  let reading = false
  let closed = false

  async function read() {
    if (reading) return
    reading = true
    // What is asked for in the same tick shares a query.
    await null
    for (let asked = ids.take(); asked.length > 0 && !closed; asked = ids.take()) {
      const number = ++query
      const found = await find(asked.map(([id]) => id))
      take({ asked, found, query: number })
      if (!found) await delay(afterTrouble, undefined, { ref: false })
    }
    reading = false
  }

  async function find(ids: string[]) {
    try {
      return new Map((await findTasks(db, ids)).map(task => [task.id, task]))
    } catch {
      return undefined
    }
  }

  return {
    add(id: string, announced: boolean) {
      ids.add(id, announced)
      void read()
    },

    /** Adds a task that was announced; false if there are too many, which are then dropped. */
    addLater(id: string): boolean {
      if (!ids.addLater(id)) return false
      void read()
      return true
    },

    dropLater: ids.dropLater,

    /** The number of the next query: earlier ones may have read an older state. */
    next: () => query + 1,

    close() {
      closed = true
    }
  }
}

function idsToRead() {
  // Each with whether a change was announced.
  const pending = new Map<string, boolean>()
  // Read last, so that many of them do not delay the others.
  const later = new Set<string>()

  return {
    add(id: string, announced: boolean) {
      pending.set(id, announced || pending.get(id) === true)
    },

    addLater(id: string): boolean {
      later.add(id)
      if (later.size <= mostLater) return true
      later.clear()
      return false
    },

    dropLater() {
      later.clear()
    },

    /** Those of the next query. */
    take(): Reading['asked'] {
      const batch = [...pending.entries().take(mostAtOnce)]
      for (const [id] of batch) pending.delete(id)
      for (const id of later.values().take(mostAtOnce - batch.length)) {
        later.delete(id)
        batch.push([id, true])
      }
      return batch
    }
  }
}
