import { CompiledQuery } from 'kysely'
import type { InTransaction } from '#database/connect.ts'
import type { State, TaskError } from '#database/tables.ts'

/** A task whose row is locked. */
export interface LockedTask {
  id: string
  state: State
  queue: string
  error: TaskError | null
  video_id: string | null
}

export const lockJobOfTaskSql = `
select j.id from darkroom.tasks t join pgboss.job j on j.name = t.queue and j.id = t.id where t.id = $1
for update of j`

export const lockTaskSql = `
select id, state, queue, error, video_id from darkroom.tasks where id = $1 for update`

/** Locks the job, then the task, as every change does. Where the job is gone the task's row is the lock. */
export async function lockTask(trx: InTransaction, id: string): Promise<LockedTask | undefined> {
  await trx.executeQuery(CompiledQuery.raw(lockJobOfTaskSql, [id]))
  const { rows } = await trx.executeQuery<LockedTask>(CompiledQuery.raw(lockTaskSql, [id]))
  return rows[0]
}
