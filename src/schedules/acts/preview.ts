import type { Database } from '#database/connect.ts'
import { newId } from '#tasks/submit/id.ts'
import { type Occurrence, ruleOf } from '../calendar/rule.ts'
import { timeOf } from '../queries.ts'
import type { Schedule } from '../row.ts'
import type { PreviewRequest } from '../schemas.ts'
import { checkTiming, mustCome, ruleOfSaved } from '../settings/check.ts'
import { newSettings, type SettingsDefaults } from '../settings/settings.ts'

/** From the schedule's own cursor on, so that what is due in this moment is among them. */
export async function previewOf({ query }: Database, schedule: Schedule, count: number) {
  const from = schedule.next_run_at ?? (await timeOf(query))
  return shown(ruleOfSaved(schedule).preview(before(from), count))
}

/** Of a timing that is not saved, as a form has it while a person types. */
export async function previewRequest(
  { query }: Database,
  { count = 10, ...timing }: PreviewRequest,
  defaults: SettingsDefaults
) {
  const now = await timeOf(query)
  const settings = { ...newSettings({ name: 'preview', ...timing }, defaults), id: newId(), anchor: now }
  const timezone = checkTiming(settings, now)
  const from = mustCome({ ...settings, timezone }, now)
  return shown(ruleOf({ ...settings, timezone }).preview(before(from), count))
}

/** A preview begins after its moment. */
function before(at: Date) {
  return new Date(at.getTime() - 1)
}

function shown(items: Occurrence[]) {
  return { items: items.map(({ at, local, note }) => ({ at: at.toISOString(), local, note })) }
}
