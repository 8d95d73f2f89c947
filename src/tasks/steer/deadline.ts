import { CompiledQuery } from 'kysely'
import type { InTransaction } from '#database/connect.ts'

export const dropDeadlineSql = `
delete from darkroom.deadlines d using darkroom.tasks t
where t.id = $1 and d.expires_at = t.expires_at and d.task_id = t.id`

/** For a task that is reopened or forgotten. A task that only finishes keeps its deadline until it has passed. */
export async function dropDeadline(trx: InTransaction, id: string) {
  await trx.executeQuery(CompiledQuery.raw(dropDeadlineSql, [id]))
}
