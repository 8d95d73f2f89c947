import type { Pool } from 'pg'
import type { Database } from '#database/connect.ts'
import { isCancelled, isLockWait } from '#database/outage.ts'

// Marks kept, one for each poll: they reach further back than it takes to notice a dead connection.
const marksKept = 12

export const markEventsSql = `
select coalesce(pg_sequence_last_value(pg_get_serial_sequence('darkroom.events', 'id')::regclass), 0) as mark`

/**
 * Reads the whole index of events, since none is in order of id: another index would cost a write for each event, and
 * this runs only after a reconnect, for watchers of all tasks. 3 million events take 0.3 s.
 */
export const findMissedSql = `
select distinct task_id as id from darkroom.events where id > $1`

// The limit for that; a search that takes longer counts its changes as lost.
const missedPatience = '5s'

/** Remembers event ids while notifications arrive, to find the changes that a lost LISTEN connection has missed. */
export function eventMarks({ pool }: Database) {
  // The oldest first: every notification up to the first mark has arrived.
  let marks: number[] = []

  return {
    /** Adds the latest event; without an answer the older marks serve. */
    async add() {
      try {
        const { rows } = await pool.query<{ mark: number }>({ name: 'mark_events', text: markEventsSql, values: [] })
        marks = [...marks, rows[0]!.mark].slice(-marksKept)
      } catch {
        // The next poll adds another.
      }
    },

    clear() {
      marks = []
    },

    oldest: () => marks[0],

    /** Ids of tasks that changed since a mark; undefined if the search took too long, as another one would. */
    async findMissed(from: number): Promise<string[] | undefined> {
      try {
        return await findChangedAfter(pool, from)
      } catch (error) {
        if (isCancelled(error) || isLockWait(error)) return undefined
        throw error
      }
    }
  }
}

/** Ids of tasks with events after one. Throws when Postgres cancels the query at its limit, or at that of lock waits. */
async function findChangedAfter(pool: Pool, after: number): Promise<string[]> {
  const client = await pool.connect()
  let failed = true
  try {
    await client.query(`begin read only; set local statement_timeout = '${missedPatience}'`)
    const { rows } = await client.query<{ id: string }>(findMissedSql, [after])
    await client.query('commit')
    failed = false
    return rows.map(({ id }) => id)
  } finally {
    // The pool must not get a connection with an open transaction.
    client.release(failed)
  }
}
