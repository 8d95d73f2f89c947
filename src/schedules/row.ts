import type { Selectable } from 'kysely'
import type { OccurrencesTable, SchedulesTable } from '#database/tables.ts'
import { type Rule, ruleOf } from './calendar/rule.ts'

/** A schedule as its row has it. */
export type Schedule = Selectable<SchedulesTable>
export type Occurrence = Selectable<OccurrencesTable>

/** When it is due. */
export function ruleOfRow(schedule: Schedule): Rule {
  return ruleOf({ ...schedule, anchor: schedule.created_at })
}
