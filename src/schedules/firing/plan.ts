import { CompiledQuery } from 'kysely'
import type { InTransaction } from '#database/connect.ts'
import { skipPaused } from '../occurrences/skip-paused.ts'
import { timeOf } from '../queries.ts'
import type { Schedule } from '../row.ts'
import { checkTiming, firstFrom } from '../settings/check.ts'

/** Schedules that SQL has written, or whose time was computed with older time zone data or by a clock that was ahead. */
export const findUnplannedSql = `
select s.* from darkroom.schedules s
where enabled and (planned_at is null or armed_for is distinct from next_run_at) and planned_at is null
order by id limit 200 for update skip locked`

export const keepPlansSql = `
update darkroom.schedules s
set next_run_at = new.next_run_at, planned_at = now(), armed_for = null, tzdata = $2, refusal = new.refusal,
  enabled = new.next_run_at is not null,
  disabled_at = case when new.next_run_at is null then now() end
from jsonb_to_recordset($1::jsonb) as new (id uuid, next_run_at timestamptz, refusal text)
where s.id = new.id`

/** Computes when schedules without a plan are due next; one that cannot be is disabled with the reason. */
export async function planSchedules(trx: InTransaction): Promise<number> {
  const { rows: schedules } = await trx.executeQuery<Schedule>(CompiledQuery.raw(findUnplannedSql))
  if (schedules.length === 0) return 0
  const now = await timeOf(trx)
  const plans = []
  for (const schedule of schedules) {
    const plan = { id: schedule.id, ...planOf(schedule, now) }
    if (plan.next_run_at) await skipPaused(trx, schedule, now)
    plans.push(plan)
  }
  await trx.executeQuery(CompiledQuery.raw(keepPlansSql, [JSON.stringify(plans), process.versions.tz]))
  return schedules.length
}

function planOf(schedule: Schedule, now: Date) {
  try {
    const timing = { ...schedule, anchor: schedule.created_at }
    checkTiming(timing, now)
    const next_run_at = firstFrom(timing, now)
    return { next_run_at, refusal: next_run_at ? null : 'Disabled by a worker: it never comes' }
  } catch (error) {
    return { next_run_at: null, refusal: `Disabled by a worker: ${(error as Error).message}` }
  }
}

/**
 * To be planned again: by a process with newer time zone data, and after the database's clock went back. What was due
 * before has its row among the occurrences and makes no second task.
 */
export const replanSql = `
update darkroom.schedules set planned_at = null
where enabled and (planned_at > now() + interval '1 minute' or (cron is not null and tzdata < $1 and next_run_at > now()))`

/** SQL has changed its timing into one that cannot be read. */
export const replanOneSql = `
update darkroom.schedules set planned_at = null where id = $1`
