import { CompiledQuery } from 'kysely'
import { fromKysely, type PgBoss } from 'pg-boss'
import type { Database, InTransaction } from '#database/connect.ts'
import { dueQueue } from '#queue/boss.ts'
import { newId } from '#tasks/submit/id.ts'
import { parseCron } from '../calendar/cron.ts'
import { hasPlainChanges } from '../calendar/plain-zone.ts'

/** Data of an alarm: a job of the queue `due` that pg-boss holds back until a schedule is due. */
export interface Alarm {
  schedule: string
}

export interface Armed {
  id: string
  next_run_at: Date
}

// Seconds that a rung alarm stays for a DBA to see; a schedule of every second leaves 3,600.
const kept = 3600

/** Puts alarms into pg-boss, in the caller's transaction. */
export async function insertAlarms(boss: PgBoss, trx: InTransaction, armed: Armed[]) {
  if (armed.length === 0) return
  const jobs = armed.map(({ id, next_run_at }) => ({
    id: newId(),
    data: { schedule: id } satisfies Alarm,
    startAfter: next_run_at,
    deleteAfterSeconds: kept
  }))
  await boss.insert(dueQueue, jobs, { db: fromKysely(trx) })
}

/** Schedules whose next moment has no alarm: new and changed ones, those that SQL has written. */
export const findUnarmedSql = `
select id, next_run_at, cron, timezone from darkroom.schedules
where enabled and (planned_at is null or armed_for is distinct from next_run_at)
  and planned_at is not null and next_run_at is not null
order by id limit 500 for update skip locked`

export const markArmedSql = `
update darkroom.schedules set armed_for = next_run_at where id = any($1::uuid[])`

interface Unarmed extends Armed {
  cron: string | null
  timezone: string
}

export async function armSchedules(boss: PgBoss, trx: InTransaction): Promise<number> {
  const { rows: unarmed } = await trx.executeQuery<Unarmed>(CompiledQuery.raw(findUnarmedSql))
  if (unarmed.length === 0) return 0
  await insertAlarms(boss, trx, unarmed)
  for (const schedule of unarmed) await declare(boss, trx, schedule)
  await trx.executeQuery(CompiledQuery.raw(markArmedSql, [unarmed.map(({ id }) => id)]))
  return unarmed.length
}

/** Every alarm was lost, with its queue. */
export const forgetAlarmsSql = `
update darkroom.schedules set armed_for = null where enabled`

type Declarable = Pick<Unarmed, 'id' | 'cron' | 'timezone'>

/**
 * The row of `pgboss.schedule` that a DBA finds, and a watchdog: each of pg-boss's own jobs makes a worker look whether
 * the schedule is due. It does not decide: pg-boss gets both clock changes wrong, and in some zones its pass throws.
 */
async function declare(boss: PgBoss, trx: InTransaction, { id, cron, timezone }: Declarable) {
  const plain = watchdogOf(cron, timezone)
  if (plain === null) return boss.unschedule(dueQueue, id, { db: fromKysely(trx) })
  await boss.schedule(dueQueue, plain, { schedule: id } satisfies Alarm, {
    key: id,
    tz: timezone,
    missed: 'once',
    db: fromKysely(trx)
  })
}

function watchdogOf(cron: string | null, timezone: string) {
  try {
    return cron === null || !hasPlainChanges(timezone) ? null : parseCron(cron).watchdog
  } catch {
    // Written with SQL; when it is due, it is disabled with the reason. The others must get their alarms.
    return null
  }
}

/** As migrations made it: a queue that was removed has taken its index along. */
export const restoreDueQueueSql = `
select darkroom.restore_due_queue()`

/** Rows of pgboss.schedule whose schedule is gone or disabled. As a uuid, since no index has the texts of ids. */
export const findStaleSql = `
select p.key from pgboss.schedule p
where p.name = '${dueQueue}'
  and not exists (
    select from darkroom.schedules s
    where s.id = case when p.key ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then p.key::uuid end
      and s.enabled and s.cron is not null
  )`

/** Schedules whose row of pgboss.schedule was removed, or that have none because pg-boss cannot read them. */
export const findUndeclaredSql = `
select s.id, s.cron, s.timezone from darkroom.schedules s
where s.enabled and s.cron is not null and s.next_run_at is not null and s.armed_for = s.next_run_at
  and not exists (select from pgboss.schedule p where p.name = '${dueQueue}' and p.key = s.id::text)`

export async function tidyDeclared(boss: PgBoss, { pool, query }: Database) {
  const { rows: stale } = await pool.query<{ key: string }>(findStaleSql)
  for (const { key } of stale) await boss.unschedule(dueQueue, key)
  const { rows: undeclared } = await pool.query<Declarable>(findUndeclaredSql)
  for (const schedule of undeclared.filter(({ cron, timezone }) => watchdogOf(cron, timezone) !== null)) {
    await query.transaction().execute(trx => declare(boss, trx, schedule))
  }
}
