import { CompiledQuery } from 'kysely'
import { type By, recordAct } from '#audit/record.ts'
import type { Database, InTransaction } from '#database/connect.ts'
import type { State } from '#database/tables.ts'
import { isFinal } from '#tasks/words.ts'
import { dropDeadline } from './deadline.ts'
import { lockTask } from './lock.ts'

/** Lets another feature copy data from a task before the task is deleted. */
export type BeforeForgetting = (
  trx: InTransaction,
  ended: { id: string; error: unknown; video_id: string | null }[]
) => Promise<void>

export const forgetJobSql = `
delete from pgboss.job where name = $1 and id = $2`

export const forgetTaskSql = `
with event as (
  delete from darkroom.events where task_id = $1
), attempt as (
  delete from darkroom.attempts where task_id = $1
)
delete from darkroom.tasks where id = $1`

/** Removes a finished task with all that belongs to it: job and result, attempts, events. */
export async function forgetTask(
  { query }: Database,
  id: string,
  beforeForgetting: BeforeForgetting,
  by: By
): Promise<State | undefined> {
  return query.transaction().execute(async trx => {
    const task = await lockTask(trx, id)
    if (!task || !isFinal(task.state)) return task?.state
    if (task.state !== 'SUCCESS') await beforeForgetting(trx, [task])
    await trx.executeQuery(CompiledQuery.raw(forgetJobSql, [task.queue, id]))
    await dropDeadline(trx, id)
    await trx.executeQuery(CompiledQuery.raw(forgetTaskSql, [id]))
    await recordAct(trx, by, 'task.forget', { type: 'task', id }, { state: task.state })
    return task.state
  })
}
