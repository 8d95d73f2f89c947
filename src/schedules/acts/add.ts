import { sql } from 'kysely'
import type { Principal } from '#access/principal.ts'
import type { Database, InTransaction } from '#database/connect.ts'
import { ScheduleNameTaken } from '#errors.ts'
import { newId } from '#tasks/submit/id.ts'
import type { Voice } from '#tasks/voice.ts'
import { timeOf } from '../queries.ts'
import type { Schedule } from '../row.ts'
import type { NewSchedule } from '../schemas.ts'
import { checkTiming, checkWork, mustCome, type WorkNeeds } from '../settings/check.ts'
import { columnsOf, newSettings, type SettingsDefaults } from '../settings/settings.ts'

export interface AddNeeds extends WorkNeeds {
  scheduleDefaults: SettingsDefaults
}

/** What the routes that make and change schedules need. */
export interface ScheduleNeeds extends AddNeeds {
  db: Database
  voice: Voice
}

/** Writes a schedule in the caller's transaction. Workers give it its alarm once that is committed. */
export async function addSchedule(
  needs: AddNeeds,
  trx: InTransaction,
  body: NewSchedule,
  principal?: Principal
): Promise<Schedule> {
  const now = await timeOf(trx)
  const settings = newSettings(body, needs.scheduleDefaults)
  const timing = { ...settings, id: newId(), anchor: now }
  const timezone = checkTiming(timing, now)
  const template = await checkWork(needs, settings, principal)
  const next = mustCome({ ...timing, timezone }, now)
  return insertSchedule(trx, {
    ...columnsOf({ ...settings, timezone }),
    id: timing.id,
    template: JSON.stringify(template),
    created_at: now,
    updated_at: now,
    disabled_at: settings.enabled ? null : now,
    next_run_at: settings.enabled ? next : null,
    planned_at: sql<Date>`now()`,
    tzdata: process.versions.tz
  })
}

type Insert = Parameters<ReturnType<InTransaction['insertInto']>['values']>[0]

async function insertSchedule(trx: InTransaction, values: any): Promise<Schedule> {
  const row = await trx
    .insertInto('schedules')
    .values(values as Insert as never)
    .onConflict(conflict => conflict.column('name').doNothing())
    .returningAll()
    .executeTakeFirst()
  if (!row) throw new ScheduleNameTaken(values.name)
  return row
}
