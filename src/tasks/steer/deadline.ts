import { CompiledQuery } from 'kysely'
import type { InTransaction } from '#database/connect.ts'

const text = `
delete from darkroom.deadlines d using darkroom.tasks t
where t.id = $1 and d.expires_at = t.expires_at and d.task_id = t.id`

/** For a task whose time to start is of no interest any more. One that has only finished keeps it until it has come. */
export async function dropDeadline(trx: InTransaction, id: string) {
  await trx.executeQuery(CompiledQuery.raw(text, [id]))
}
