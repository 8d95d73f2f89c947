import type { PgBoss } from 'pg-boss'
import type { Logger } from 'pino'
import type { Database } from '#database/connect.ts'
import { dueLoop, type Look } from '#database/due-loop.ts'
import { isOutage } from '#database/outage.ts'
import { createQueues, dueQueue } from '#queue/boss.ts'
import type { Kinds } from '#tasks/define.ts'
import { busyVideo } from '#tasks/submit/one-open.ts'
import type { SubmitDefaults } from '#tasks/submit/prepare.ts'
import type { Voice } from '#tasks/voice.ts'
import { armSchedules, forgetAlarmsSql, indexAlarmsSql, tidyDeclared } from './alarms.ts'
import { InvalidCron } from './cron-field.ts'
import { type Fired, fireDue, skipBusy } from './fire.ts'
import { planSchedules, replanOneSql, replanSql } from './plan.ts'
import { UnknownZone } from './zone.ts'

interface ClockOptions {
  db: Database
  boss: PgBoss
  kinds: Kinds
  defaults: SubmitDefaults
  voice: Voice
  log: Logger
}

const batch = 200
// Milliseconds. A schedule that cannot be fired is tried again after so long.
const rest = 5_000
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
export function openClock({ db, boss, kinds, defaults, voice, log }: ClockOptions) {
  const needs = { boss, kinds, defaults }
  /** Schedules that could not be fired, and when to try again. */
  const resting = new Map<string, number>()
  let latest = 0
  let tidied = Number.NEGATIVE_INFINITY

  async function look(): Promise<Look> {
    for (const [id, until] of resting) if (until < performance.now()) resting.delete(id)
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
    await createQueues(boss, [dueQueue])
    await db.pool.query(indexAlarmsSql)
    await db.pool.query(forgetAlarmsSql)
    return { moved: true, next: 0 }
  }

  async function see() {
    const { rows } = await db.pool.query<Seen>(lookSql, [[...resting.keys()]])
    return rows[0]!
  }

  /** What is due is looked at again, also without its alarm: another transaction may hold its row. */
  function nextOf({ due, next }: Seen) {
    return due ? 0 : next
  }

  async function fireAll() {
    let count = 0
    for (;;) {
      const { alarms, schedules, missing } = await fireSome()
      count += alarms + schedules
      if (alarms < batch && schedules < batch && missing.length === 0) return count
    }
  }

  async function fireSome() {
    try {
      return await fireBatch(batch)
    } catch (error) {
      if (isOutage(error)) throw error
      log.debug({ err: error }, 'due schedules could not be fired together; firing them one by one')
      return fireOneByOne()
    }
  }

  /** The fault is in one of them: a film with an open task, or arguments that Postgres refuses. */
  async function fireOneByOne(): Promise<Pick<Fired, 'alarms' | 'schedules' | 'missing'>> {
    const { rows: due } = await db.pool.query<{ id: string; name: string }>(
      'select id, name from darkroom.schedules where next_run_at <= now() and id <> all($1::uuid[]) order by next_run_at limit $2',
      [[...resting.keys()], batch]
    )
    for (const { id, name } of due) await fireOne(id, name)
    return { alarms: 0, schedules: due.length, missing: [] }
  }

  async function fireOne(id: string, name: string) {
    try {
      await fireBatch(1, id)
    } catch (error) {
      if (busyVideo(error)) return db.query.transaction().execute(trx => skipBusy(needs, trx, id))
      if (isOutage(error)) throw error
      // Planned again it is disabled, with the reason.
      if (error instanceof InvalidCron || error instanceof UnknownZone)
        return void (await db.pool.query(replanOneSql, [id]))
      log.error({ err: error, schedule: name }, 'a schedule could not be fired; trying again in 5 s')
      resting.set(id, performance.now() + rest)
    }
  }

  async function fireBatch(limit: number, only?: string) {
    const fired = await db.query
      .transaction()
      .execute(trx => fireDue(needs, trx, { limit, except: [...resting.keys()], only }))
    if (fired.enqueued.length > 0) voice.enqueued(fired.enqueued)
    // House-keeping goes on: its absence would not be noticed.
    if (fired.missing.length > 0) {
      log.warn({ queues: fired.missing }, 'the queue of a system schedule was removed; creating it again')
      await createQueues(boss, fired.missing)
    }
    return fired
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
