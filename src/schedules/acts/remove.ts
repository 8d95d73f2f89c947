import { type By, recordAct } from '#audit/record.ts'
import type { Database } from '#database/connect.ts'
import { SystemSchedule } from '#errors.ts'
import { lockSchedule } from '../queries.ts'

// Occurrences at a time: a schedule of every second has millions.
const batch = 10_000

export const removeOccurrencesSql = `
delete from darkroom.occurrences
where schedule_id = $1 and due_at in (
  select due_at from darkroom.occurrences where schedule_id = $1 order by due_at limit ${batch}
)`

/** Removes a schedule and its occurrences; its tasks stay. The alarm that is left finds no schedule and does nothing. */
export async function removeSchedule({ query, pool }: Database, named: string, by: By) {
  const id = await query.transaction().execute(async trx => {
    const { id, name, system } = await lockSchedule(trx, named)
    if (system) throw new SystemSchedule(name, 'it cannot be deleted; disable it instead')
    await trx
      .updateTable('schedules')
      .set({ enabled: false, next_run_at: null, disabled_at: new Date() })
      .where('id', '=', id)
      .where('enabled', '=', true)
      .execute()
    await recordAct(trx, by, 'schedule.remove', { type: 'schedule', id }, { name })
    return id
  })
  while ((await pool.query(removeOccurrencesSql, [id])).rowCount === batch);
  await query.deleteFrom('schedules').where('id', '=', id).execute()
}
