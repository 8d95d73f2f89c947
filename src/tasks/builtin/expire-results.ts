import { CompiledQuery } from 'kysely'
import { Type } from 'typebox'
import type { Database, InTransaction } from '#database/connect.ts'
import type { State, TaskError } from '#database/tables.ts'
import { listQueueNames } from '#queue/names.ts'
import { defineTask } from '../define.ts'
import { removeLogs } from '../log/expire.ts'
import { forgetTasksSql } from '../steer/forget.ts'
import { batchSize as batch, type GoOn, inBatches, timeLeft } from '../upkeep/batches.ts'

/** A finished task that is about to be forgotten. */
export interface ForgottenTask {
  id: string
  state: State
  error: TaskError | null
  video_id: string | null
}

interface ExpireOptions {
  /** Seconds that a finished task's row stays. */
  historyExpires: number
  /** Lets other features keep what they read off these tasks. */
  remember(trx: InTransaction, ended: ForgottenTask[]): Promise<void>
}

const name = 'expire_results'
// Seconds. One row per minute would fill the lists, so of its own successes only the last one stays.
const ownHistory = 60

export function expireResults({ historyExpires, remember }: ExpireOptions) {
  return defineTask({
    name,
    schedules: [{ cron: '* * * * *', timezone: 'UTC', overlap: 'skip' }],
    description:
      'Removes results whose RESULT_EXPIRES is over, and tasks with their attempts and events after HISTORY_EXPIRES.',
    pool: 'inline',
    queue: 'low_priority',
    args: Type.Object({}, { additionalProperties: false }),
    max_retries: 0,
    result_expires: ownHistory,

    async run(_, { db, log, signal }) {
      const goOn = timeLeft(signal)
      const expired = { results: 0, tasks: 0, logs: 0 }

      for (const queue of await listQueueNames(db)) expired.results += await removeResults(db, queue, goOn)
      const { rows: groups } = await db.pool.query<Group>(listFinishedGroupsSql)
      const forgetGroups = async () => {
        for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
          const own = group.task === name && group.state === 'SUCCESS'
          const seconds = own ? Math.min(ownHistory, historyExpires) : historyExpires
          const count = await inBatches(goOn, forgetOld(db, group, seconds, remember))
          expired.tasks += count
        }
      }
      // Two at a time: a million tasks of ten million in 44 s instead of 75, and submissions beside it as quick.
      await Promise.all([forgetGroups(), forgetGroups()])
      expired.logs += await removeLogs(db.pool, goOn)

      if (Object.values(expired).some(count => count > 0)) log(`removed ${JSON.stringify(expired)}`)
      return expired
    }
  })
}

// Written as in the index that answers it.
const due = `(completed_on at time zone 'UTC') + deletion_seconds * interval '1 second'`

/** Jobs of finished tasks with the results that they keep, the longest expired first; locked ones wait for the next run. */
export const removeResultsSql = `
with done as (
  select name, id, ${due} as due from pgboss.job
  where name = $1 and state >= 'completed' and ${due} >= $2::timestamp and ${due} <= now() at time zone 'UTC'
  order by ${due} limit ${batch} for update skip locked
), gone as (
  delete from pgboss.job j using done where j.name = done.name and j.id = done.id
)
select count(*)::int as count, max(due)::text as last from done`

async function removeResults({ pool }: Database, queue: string, goOn: GoOn) {
  let after = '-infinity'
  return inBatches(goOn, async () => {
    const { rows } = await pool.query<{ count: number; last: string | null }>(removeResultsSql, [queue, after])
    const { count, last } = rows[0]!
    after = last ?? after
    return count
  })
}

interface Group {
  state: State
  task: string
  queue: string
}

/** The groups of finished tasks in their index, which sorts each group oldest first. */
export const listFinishedGroupsSql = `
select state, task, queue from darkroom.task_groups where state in ('SUCCESS', 'FAILURE', 'REVOKED')`

// Beyond the place of the last batch: until vacuum the index leads to the rows that earlier ones have removed.
export const findOldSql = `
select id, to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.USOF') as place from darkroom.tasks
where state = $1 and task = $2 and queue = $3 and (created_at, id) > ($5::timestamptz, $6::uuid)
  and created_at < now() - $4::float8 * interval '1 second' and finished_at < now() - $4::float8 * interval '1 second'
order by created_at, id limit ${batch}`

export const forgetOldJobsSql = `
delete from pgboss.job where name = $1 and id = any($2::uuid[]) and state >= 'completed'`

/**
 * Deletes every row about tasks that finished long ago, a batch at each call. Locks the job first, as everywhere; a task
 * that is retried meanwhile is no longer finished once its row is locked.
 */
function forgetOld(
  { query }: Database,
  { state, task, queue }: Group,
  seconds: number,
  remember: ExpireOptions['remember']
) {
  let last = { place: '-infinity', id: '00000000-0000-0000-0000-000000000000' }
  return () =>
    query.transaction().execute(async trx => {
      const { rows: old } = await trx.executeQuery<typeof last>(
        CompiledQuery.raw(findOldSql, [state, task, queue, seconds, last.place, last.id])
      )
      if (old.length === 0) return 0
      const ids = old.map(({ id }) => id)

      await trx.executeQuery(CompiledQuery.raw(forgetOldJobsSql, [queue, ids]))
      const { rows: gone } = await trx.executeQuery<ForgottenTask>(CompiledQuery.raw(forgetTasksSql, [ids, [state]]))
      await remember(trx, gone)
      last = old.at(-1)!
      return gone.length
    })
}
