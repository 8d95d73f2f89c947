import { CompiledQuery } from 'kysely'
import { type By, recordAct } from '#audit/record.ts'
import type { Database, InTransaction } from '#database/connect.ts'
import { type State, states, type TaskError } from '#database/tables.ts'
import { isFinal } from '#tasks/words.ts'
import { dropDeadline } from './deadline.ts'
import { type LockedTask, lockTask } from './lock.ts'

/** Lets another feature copy data from a task before the task is deleted. */
export type BeforeForgetting = (
  trx: InTransaction,
  ended: { id: string; state: State; error: TaskError | null; video_id: string | null }[]
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

/** The first lock is the job's, as everywhere; what is retried meanwhile is no longer finished when it is locked. */
export const forgetJobsSql = `
delete from pgboss.job j using darkroom.tasks t
where t.id = any($1::uuid[]) and j.name = t.queue and j.id = t.id and j.state >= 'completed'`

export const forgetTasksSql = `
with gone as (
  delete from darkroom.tasks where id = any($1::uuid[]) and state = any($2::text[])
  returning id, state, error, video_id, expires_at
), event as (
  delete from darkroom.events using gone where task_id = gone.id
), attempt as (
  delete from darkroom.attempts using gone where task_id = gone.id
), deadline as (
  delete from darkroom.deadlines d using gone where d.expires_at = gone.expires_at and d.task_id = gone.id
)
select id, state, error, video_id from gone`

/** Forgets those of many tasks that are finished, and returns their ids. */
export async function forgetTasks(trx: InTransaction, ids: string[], beforeForgetting: BeforeForgetting) {
  await trx.executeQuery(CompiledQuery.raw(forgetJobsSql, [ids]))
  const values = [ids, states.filter(isFinal)]
  const { rows } = await trx.executeQuery<LockedTask>(CompiledQuery.raw(forgetTasksSql, values))
  await beforeForgetting(
    trx,
    rows.filter(({ state }) => state !== 'SUCCESS')
  )
  return rows.map(({ id }) => id)
}

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
