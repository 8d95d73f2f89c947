import { sql } from 'kysely'
import type { InTransaction } from '#database/connect.ts'
import type { Schedule } from '../row.ts'
import { ruleOfSaved } from '../settings/check.ts'
import { paused } from './due.ts'
import { writeOccurrences } from './write.ts'

/**
 * Writes down what was due while a schedule was disabled, by the timing that it had; the caller enables it. One that a
 * worker disabled was never due.
 */
export async function skipPaused(trx: InTransaction, schedule: Schedule, now: Date) {
  if (!schedule.disabled_at || schedule.refusal !== null) return
  const skipped = paused(ruleOfSaved(schedule), schedule.disabled_at, now)
  if (skipped.length === 0) return
  const id = schedule.id
  await writeOccurrences(
    trx,
    skipped.map(each => ({ ...each, schedule_id: id, task_id: null, manual: false }))
  )
  const count = skipped.reduce((sum, each) => sum + each.count, 0)
  await sql`update darkroom.schedules set total_skipped = total_skipped + ${count} where id = ${id}`.execute(trx)
}
