import { sql } from 'kysely'
import { Type } from 'typebox'
import type { Database, InTransaction } from '#database/connect.ts'
import type { State, TaskError } from '#database/tables.ts'
import { listQueueNames } from '#queue/names.ts'
import { lanes } from '#tasks/read/lanes.ts'
import { defineBuiltIn } from '../define.ts'

/** A finished task that is about to be forgotten, as others may have known it. */
export interface Ended {
  id: string
  state: State
  error: TaskError | null
  video_id: string | null
}

interface Needs {
  /** Seconds that a finished task's row stays. */
  historyExpires: number
  /** Writes down what other rows only read off these tasks. */
  remember(trx: InTransaction, ended: Ended[]): Promise<void>
}

const name = 'expire_results'
// Rows a transaction: whoever wants one of them waits for milliseconds.
const batch = 1_000
// The next run comes in a minute and goes on where this one was.
const longest = 50_000
// A row each minute would soon be most of what people see in the list: of its own successes the last one will do.
const ownHistory = 60

export function expireResults({ historyExpires, remember }: Needs) {
  return defineBuiltIn({
    name,
    schedules: [{ cron: '* * * * *' }],
    description: 'Removes results and tasks whose time is over, and what else is kept for a day.',
    pool: 'inline',
    queue: 'low_priority',
    args: Type.Object({}, { additionalProperties: false }),
    max_retries: 0,
    result_expires: ownHistory,

    async run(_, { db, log, signal }) {
      const end = Date.now() + longest
      const goOn = () => !signal.aborted && Date.now() < end
      const expired = { results: 0, tasks: 0, keys: 0, workers: 0 }

      for (const queue of await listQueueNames(db)) expired.results += await removeResults(db, queue, goOn)
      for (const lane of await listLanes(db)) {
        const own = lane.task === name && lane.state === 'SUCCESS'
        const seconds = own ? Math.min(ownHistory, historyExpires) : historyExpires
        expired.tasks += await repeat(goOn, () => forgetOld(db, lane, seconds, remember))
      }
      expired.keys = await repeat(goOn, () => removeKeys(db))
      expired.workers = await removeWorkers(db)

      if (Object.values(expired).some(count => count > 0)) log(`removed ${JSON.stringify(expired)}`)
      return expired
    }
  })
}

/** Until less than a whole batch is left. */
async function repeat(goOn: () => boolean, removeSome: () => Promise<number>) {
  let count = 0
  while (goOn()) {
    const removed = await removeSome()
    count += removed
    if (removed < batch) break
  }
  return count
}

// As the index has it that answers this.
const due = `(completed_on at time zone 'UTC') + deletion_seconds * interval '1 second'`

/**
 * Jobs of finished tasks with the results that they keep, those first that are over for longest. What somebody else has
 * in hand is passed over: the next run finds it.
 */
async function removeResults({ pool }: Database, queue: string, goOn: () => boolean) {
  let after = '-infinity'
  return repeat(goOn, async () => {
    const { rows } = await pool.query<{ count: number; last: string | null }>(
      `with done as (
        select name, id, ${due} as due from pgboss.job
        where name = $1 and state >= 'completed' and ${due} >= $2::timestamp and ${due} <= now() at time zone 'UTC'
        order by ${due} limit ${batch} for update skip locked
      ), gone as (
        delete from pgboss.job j using done where j.name = done.name and j.id = done.id
      )
      select count(*)::int as count, max(due)::text as last from done`,
      [queue, after]
    )
    const { count, last } = rows[0]!
    after = last ?? after
    return count
  })
}

interface Lane {
  state: State
  task: string
  queue: string
}

/** The few combinations that there are of finished tasks: by these they are in the index, each from the oldest on. */
async function listLanes({ pool }: Database): Promise<Lane[]> {
  const { rows } = await pool.query<Lane>(`
    with recursive ${lanes}
    select * from lanes where state in ('SUCCESS', 'FAILURE', 'REVOKED')`)
  return rows
}

/**
 * Everything that is known of tasks that finished long ago. The job first, as everywhere; one that is being tried
 * again at this moment is not finished any more by the time that we have its row.
 */
function forgetOld({ query }: Database, lane: Lane, seconds: number, remember: Needs['remember']) {
  return query.transaction().execute(async trx => {
    const { rows: old } = await sql<{ id: string }>`
      select id from darkroom.tasks
      where state = ${lane.state} and task = ${lane.task} and queue = ${lane.queue}
        and created_at < now() - ${seconds} * interval '1 second'
        and finished_at < now() - ${seconds} * interval '1 second'
      order by created_at, id limit ${batch}
    `.execute(trx)
    if (old.length === 0) return 0
    const ids = old.map(({ id }) => id)

    await sql`
      delete from pgboss.job where name = ${lane.queue} and id = any(${ids}::uuid[]) and state >= 'completed'
    `.execute(trx)
    const { rows: gone } = await sql<Ended>`
      with gone as (
        delete from darkroom.tasks where id = any(${ids}::uuid[]) and state = ${lane.state}
        returning id, state, error, video_id, expires_at
      ), event as (
        delete from darkroom.events using gone where task_id = gone.id
      ), attempt as (
        delete from darkroom.attempts using gone where task_id = gone.id
      ), deadline as (
        delete from darkroom.deadlines d using gone where d.expires_at = gone.expires_at and d.task_id = gone.id
      )
      select id, state, error, video_id from gone
    `.execute(trx)
    await remember(trx, gone)
    return gone.length
  })
}

/** The answers to requests that may be repeated. */
async function removeKeys({ pool }: Database) {
  const { rowCount } = await pool.query(
    `delete from darkroom.idempotency_keys where key in (
      select key from darkroom.idempotency_keys where created_at < now() - interval '1 day'
      order by created_at limit ${batch} for update skip locked
    )`
  )
  return rowCount ?? 0
}

async function removeWorkers({ pool }: Database) {
  const { rowCount } = await pool.query(
    `delete from darkroom.workers where status <> 'running' and stopped_at < now() - interval '1 day'`
  )
  return rowCount ?? 0
}
