import { sql } from 'kysely'
import type { Database, InTransaction } from '#database/connect.ts'
import { fittingPage } from '#database/fitting.ts'
import { beside, page, place, placeOf } from '#database/page.ts'
import { ScheduleNotFound } from '#errors.ts'
import { isUuid } from '#schema/common.ts'
import type { Occurrence, Schedule } from './row.ts'
import type { ScheduleFilters } from './schemas.ts'

type Query = Database['query'] | InTransaction

/** The database's clock, in whole milliseconds: clocks of clients and of processes may be off. */
export async function timeOf(query: Query): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select date_trunc('milliseconds', clock_timestamp()) as now`.execute(query)
  return rows[0]!.now
}

/** By id or by name. */
export async function findSchedule(query: Query, named: string): Promise<Schedule> {
  refuseNul(named)
  const schedule = await query
    .selectFrom('schedules')
    .selectAll()
    .where(isUuid(named) ? 'id' : 'name', '=', named)
    .executeTakeFirst()
  if (!schedule) throw new ScheduleNotFound(named)
  return schedule
}

/** As `findSchedule`; no other transaction changes or fires it until this one ends. */
export async function lockSchedule(trx: InTransaction, named: string): Promise<Schedule> {
  refuseNul(named)
  const schedule = await trx
    .selectFrom('schedules')
    .selectAll()
    .where(isUuid(named) ? 'id' : 'name', '=', named)
    .forUpdate()
    .executeTakeFirst()
  if (!schedule) throw new ScheduleNotFound(named)
  return schedule
}

/** Postgres refuses a parameter with a NUL, and no schedule has one in its name. */
function refuseNul(named: string) {
  if (named.includes('\0')) throw new ScheduleNotFound(named)
}

export async function listSchedules({ query }: Database, filters: ScheduleFilters) {
  const { limit = 50, cursor, q, task, enabled, system } = filters
  const { condition, order } = beside({ at: 'created_at', id: 'id' }, cursor)
  let found = query
    .selectFrom('schedules')
    .selectAll()
    .select(place('created_at').as('place'))
    .where(condition)
    .orderBy('created_at', order)
    .orderBy('id', order)
    .limit(limit + 1)
  if (task !== undefined) found = found.where('task', '=', task)
  if (enabled !== undefined) found = found.where('enabled', '=', enabled)
  if (system !== undefined) found = found.where('system', '=', system)
  if (q !== undefined) {
    const part = `%${q.replaceAll(/[\\%_]/g, '\\$&')}%`
    found = found.where(({ or, eb }) => or([eb('name', 'ilike', part), eb('description', 'ilike', part)]))
  }
  return fittingPage(query, { list: found, order, limit, cursor, large: ['args', 'options', 'template'] })
}

/** Latest first. The cursor of a schedule's occurrences is its id and the time of one. */
export async function listOccurrences({ query }: Database, schedule: string, limit: number, cursor?: string) {
  const { at, back } = cursor === undefined ? { at: 'infinity', back: false } : placeOf(cursor)
  const found = await query
    .selectFrom('occurrences')
    .selectAll()
    .select([place('due_at').as('place'), 'schedule_id as id'])
    .where('schedule_id', '=', schedule)
    .where('due_at', back ? '>' : '<', sql<Date>`${at}::timestamptz`)
    .orderBy('due_at', back ? 'asc' : 'desc')
    .limit(limit + 1)
    .execute()
  return page<Occurrence & { place: string; id: string }>(found, limit, cursor)
}
