import { dueLoop, type Look } from '#database/due-loop.ts'
import { dueQueue } from '#queue/boss.ts'
import { armSchedules, forgetAlarmsSql, restoreDueQueueSql, tidyDeclared } from './alarms.ts'
import { type FiringOptions, firing } from './firing.ts'
import { planSchedules, replanSql } from './plan.ts'

// Milliseconds between looks for rows of pgboss.schedule that no schedule needs, or that are missing.
const tidyEvery = 60_000

/** What there is to do, and the seconds until the next alarm rings. */
export const lookSql = `
select
  exists (select from darkroom.schedules where next_run_at <= now() and id <> all($1::uuid[])) as due,
  exists (select from darkroom.schedules where enabled and planned_at is null) as unplanned,
  exists (
    select from darkroom.schedules where enabled and (planned_at is null or armed_for is distinct from next_run_at)
  ) as unarmed,
  not exists (select from pgboss.queue where name = '${dueQueue}') as silent,
  extract(epoch from now())::float8 as now,
  (
    select extract(epoch from start_after - now())::float8 from pgboss.job
    where name = '${dueQueue}' and state < 'active' order by start_after limit 1
  ) as next`

interface Seen {
  due: boolean
  unplanned: boolean
  unarmed: boolean
  /** The queue of alarms was removed. */
  silent: boolean
  now: number
  next: number | null
}

/** Fires schedules when their alarms ring, in any number of processes; there is no leader. */
export function openClock(options: FiringOptions) {
  const { db, boss, log } = options
  const { fireAll, resting } = firing(options)
  let latest = 0
  let tidied = Number.NEGATIVE_INFINITY

  async function look(): Promise<Look> {
    const seen = await see()
    if (seen.now < latest - 30) {
      log.warn({ seconds: latest - seen.now }, 'the clock of the database went back; planning schedules again')
      await db.pool.query(replanSql, [process.versions.tz])
    }
    latest = seen.now
    if (seen.silent) return restoreAlarms()
    if (seen.unplanned) await db.query.transaction().execute(planSchedules)
    const armed = seen.unarmed ? await db.query.transaction().execute(trx => armSchedules(boss, trx)) : 0
    const moved = seen.due || (seen.next !== null && seen.next <= 0) ? await fireAll() : 0
    await tidy()
    return armed + moved > 0 ? { moved: true, next: nextOf(await see()) } : { moved: false, next: nextOf(seen) }
  }

  async function restoreAlarms(): Promise<Look> {
    log.warn('the queue of alarms was removed; creating it again')
    await db.pool.query(restoreDueQueueSql)
    await db.pool.query(forgetAlarmsSql)
    return { moved: true, next: 0 }
  }

  async function see() {
    const { rows } = await db.pool.query<Seen>(lookSql, [resting()])
    return rows[0]!
  }

  /** What is due is looked at again, also without its alarm: another transaction may hold its row. */
  function nextOf({ due, next }: Seen) {
    return due ? 0 : next
  }

  async function tidy() {
    if (performance.now() < tidied + tidyEvery) return
    tidied = performance.now()
    await tidyDeclared(boss, db)
  }

  let loop: ReturnType<typeof dueLoop> | undefined
  return {
    /** Newer time zone data than that of other processes moves what they have planned. */
    async start() {
      await db.pool.query(replanSql, [process.versions.tz])
      loop = dueLoop({ look, onError: error => log.warn({ err: error }, 'schedules could not be fired; retrying') })
    },
    lookNow: () => loop?.lookNow(),
    stop: async () => loop?.stop()
  }
}

export type Clock = ReturnType<typeof openClock>
