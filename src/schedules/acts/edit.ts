import { sql } from 'kysely'
import { refuseBeyond } from '#access/limits.ts'
import type { Principal } from '#access/principal.ts'
import type { InTransaction } from '#database/connect.ts'
import { ScheduleNameTaken, SystemSchedule } from '#errors.ts'
import { mustBeQueue } from '#queue/names.ts'
import { refuse } from '#schema/check.ts'
import { skipPaused } from '../occurrences/skip-paused.ts'
import { lockSchedule, timeOf } from '../queries.ts'
import type { Schedule } from '../row.ts'
import type { SchedulePatch } from '../schemas.ts'
import { checkTiming, checkWork, mustCome } from '../settings/check.ts'
import { changed, columnsOf, type Settings, settingsOf, timingNames } from '../settings/settings.ts'
import type { AddNeeds } from './add.ts'

/**
 * Changes a schedule in the caller's transaction. Only a change of its timing, or enabling it, moves the next
 * occurrence, and never back: what was due while it was disabled is written down as skipped.
 */
export async function editSchedule(
  needs: AddNeeds,
  trx: InTransaction,
  named: string,
  patch: SchedulePatch,
  principal?: Principal
) {
  const before = await lockSchedule(trx, named)
  refuseFixed(before, patch)
  refuseBeyond(principal?.limits, { task: before.task, queue: before.queue ?? undefined })
  const now = await timeOf(trx)
  const settings = changed(settingsOf(before), patch)
  const retimed = timingNames.some(name => differs(settings[name], before[name]))
  const timing = { ...settings, id: before.id, anchor: before.created_at }
  const enabling = settings.enabled && !before.enabled
  if (retimed || enabling) settings.timezone = checkTiming(timing, now)
  if (enabling && !retimed) refuseOver(settings, now)
  const template = await checkedWork(needs, before, settings, principal)
  if (settings.enabled) await skipPaused(trx, before, now)

  const columns = { ...columnsOf(settings), template: JSON.stringify(template), ...times(before, settings, now) }
  if (settings.enabled && (retimed || enabling)) {
    Object.assign(columns, { next_run_at: mustCome({ ...timing, timezone: settings.timezone }, now) })
    // Also where the moment stays the same: pg-boss has to get the new cron expression.
    Object.assign(columns, { planned_at: sql`now()`, armed_for: null, tzdata: process.versions.tz, refusal: null })
  }
  return update(trx, before.id, columns)
}

/** The kind and the arguments of house-keeping are its own. */
function refuseFixed(schedule: Schedule, patch: SchedulePatch) {
  if (!schedule.system) return
  for (const name of ['task', 'args'] as const) {
    if (patch[name] !== undefined && differs(patch[name], schedule[name])) {
      throw new SystemSchedule(schedule.name, `its ${name} is fixed`)
    }
  }
}

/** Its one moment passed while it was disabled. */
function refuseOver({ at }: Settings, now: Date) {
  if (at && at <= now) throw refuse([{ field: 'at', message: 'is in the past' }])
}

const workNames = ['name', 'task', 'args', 'queue', 'priority', 'options', 'tags'] as const

/** Looked at only where it changes: a schedule can be disabled although its kind is gone. */
async function checkedWork(needs: AddNeeds, before: Schedule, settings: Settings, principal?: Principal) {
  if (!workNames.some(name => differs(settings[name], before[name]))) return before.template
  if (!before.system) return checkWork(needs, settings, principal)
  await mustBeQueue(needs.queues, settings.queue)
  return before.template
}

function times(before: Schedule, { enabled }: Settings, now: Date) {
  if (enabled) return { disabled_at: null, updated_at: now }
  return { disabled_at: before.disabled_at ?? now, updated_at: now, next_run_at: null }
}

async function update(trx: InTransaction, id: string, columns: object): Promise<Schedule> {
  try {
    return await trx.updateTable('schedules').set(columns).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
  } catch (error) {
    if ((error as { constraint?: string }).constraint !== 'schedules_name') throw error
    throw new ScheduleNameTaken((columns as { name: string }).name)
  }
}

function differs(one: unknown, other: unknown) {
  return JSON.stringify(one) !== JSON.stringify(other)
}
