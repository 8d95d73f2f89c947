import type { Pool, PoolClient } from 'pg'
import { batchSize, type GoOn, inBatches } from '#tasks/upkeep/batches.ts'
import { fold } from './fold.ts'
import { minutesKept } from './retention.ts'

// Minutes from the beginning of an hour until it is summed.
const finishedAfter = 65

interface RollUpOptions {
  /** Seconds that an hour stays. */
  historyExpires: number
  goOn?: GoOn
}

/**
 * Sums finished minutes into hours, and removes minutes after 48 hours and hours after HISTORY_EXPIRES. Each hour is a
 * transaction of its own: it is summed from all of its minutes, and loses them only as a whole, so that it can be
 * summed again at any time. Does nothing while another process is at it.
 */
export async function rollUp(pool: Pool, { historyExpires, goOn = () => true }: RollUpOptions) {
  const done = { summed: 0, minutes: 0, hours: 0 }
  // Creations of a time without any process would come too late for their hour. Those of other hours are left to a
  // process that counts them for Prometheus, too.
  await fold(pool, finishedAfter * 60)
  for (const { hour, old } of (await pool.query<Finished>(finishedHoursSql)).rows) {
    if (!goOn()) break
    const removed = await inTurn(pool, client => sumHour(client, hour, old))
    if (removed === undefined) break
    done.summed++
    done.minutes += removed
  }
  for (const text of [removeOldHoursSql, removeOldQueueHoursSql]) {
    done.hours += await inBatches(goOn, async () => (await pool.query(text, [historyExpires])).rowCount ?? 0)
  }
  return done
}

interface Finished {
  hour: Date
  /** Its minutes are no longer kept. */
  old: boolean
}

/**
 * Hours with minutes that are not summed up, oldest first. The last three are summed again: after an outage a worker
 * writes what it counted up to two hours ago.
 */
export const finishedHoursSql = `
with newest as (
  select max(hour) as hour from (
    (select hour from darkroom.hours order by hour desc limit 1)
    union all
    (select hour from darkroom.queue_hours order by hour desc limit 1)
  ) newest
), summed as (
  -- Beware: \`least\` passes over null.
  select case
    when hour is null then '-infinity'
    else least(hour, date_trunc('hour', now(), 'UTC') - interval '3 hours')
  end as until
  from newest
), oldest as (
  select least(
    (select minute from darkroom.minutes order by minute limit 1),
    (select minute from darkroom.queue_minutes order by minute limit 1)
  ) as minute
)
select hour, hour < kept as old
from oldest
cross join lateral generate_series(date_trunc('hour', minute, 'UTC'), now() - interval '${finishedAfter} minutes', '1 hour') hour
cross join lateral (select date_trunc('hour', now() - interval '${minutesKept} hours', 'UTC') as kept) kept
where (hour >= (select until from summed) or hour < kept)
  and (
    exists (select from darkroom.minutes where minute >= hour and minute < hour + interval '1 hour')
    or exists (select from darkroom.queue_minutes where minute >= hour and minute < hour + interval '1 hour')
  )
order by hour`

export const sumHourSql = `
insert into darkroom.hours
  (hour, task, queue, created, started, succeeded, failed, retried, cancelled, wait_hist, run_hist)
select
  $1::timestamptz, task, queue, sum(created), sum(started), sum(succeeded), sum(failed), sum(retried), sum(cancelled),
  darkroom.sum_hists(wait_hist), darkroom.sum_hists(run_hist)
from darkroom.minutes where minute >= $1 and minute < $1 + interval '1 hour'
group by task, queue
on conflict (hour, task, queue) do update set
  created = excluded.created, started = excluded.started, succeeded = excluded.succeeded, failed = excluded.failed,
  retried = excluded.retried, cancelled = excluded.cancelled, wait_hist = excluded.wait_hist,
  run_hist = excluded.run_hist`

export const sumQueueHourSql = `
insert into darkroom.queue_hours (hour, queue, depth, oldest, running)
select $1::timestamptz, queue, max(depth), max(oldest), max(running)
from darkroom.queue_minutes where minute >= $1 and minute < $1 + interval '1 hour'
group by queue
on conflict (hour, queue) do update set
  depth = excluded.depth, oldest = excluded.oldest, running = excluded.running`

export const removeMinutesSql = `
delete from darkroom.minutes where minute >= $1::timestamptz and minute < $1 + interval '1 hour'`
export const removeQueueMinutesSql = `
delete from darkroom.queue_minutes where minute >= $1::timestamptz and minute < $1 + interval '1 hour'`

export const removeOldHoursSql = `
delete from darkroom.hours where (hour, task, queue) in (
  select hour, task, queue from darkroom.hours
  where hour < now() - $1::float8 * interval '1 second'
  order by hour limit ${batchSize} for update skip locked
)`
export const removeOldQueueHoursSql = `
delete from darkroom.queue_hours where (hour, queue) in (
  select hour, queue from darkroom.queue_hours
  where hour < now() - $1::float8 * interval '1 second'
  order by hour limit ${batchSize} for update skip locked
)`

/** Returns how many minutes were removed. */
async function sumHour(client: PoolClient, hour: Date, old: boolean): Promise<number> {
  await client.query(sumHourSql, [hour])
  await client.query(sumQueueHourSql, [hour])
  if (!old) return 0
  const { rowCount } = await client.query(removeMinutesSql, [hour])
  await client.query(removeQueueMinutesSql, [hour])
  return rowCount ?? 0
}

/** In a transaction that sees all of the one before; undefined while another process has the turn. */
async function inTurn<Result>(pool: Pool, work: (client: PoolClient) => Promise<Result>): Promise<Result | undefined> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const { rows } = await client.query<{ mine: boolean }>(
      `select pg_try_advisory_xact_lock(hashtext('darkroom'), hashtext('roll up')) as mine`
    )
    const result = rows[0]!.mine ? await work(client) : undefined
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  } finally {
    client.release()
  }
}
