import { sql } from 'kysely'
import type { Database, InTransaction } from '#database/connect.ts'
import type { State } from '#database/tables.ts'
import { isFinal } from '#tasks/words.ts'
import { dropDeadline } from './deadline.ts'

/** Lets others keep what they read off a task, before it is gone. */
export type BeforeForgetting = (
  trx: InTransaction,
  ended: { id: string; error: unknown; video_id: string | null }[]
) => Promise<void>

/** Removes a finished task with everything that is known of it: job and result, attempts, events. */
export async function forgetTask(
  { query }: Database,
  id: string,
  beforeForgetting: BeforeForgetting
): Promise<State | undefined> {
  return query.transaction().execute(async trx => {
    await sql`
      select j.id from darkroom.tasks t join pgboss.job j on j.name = t.queue and j.id = t.id where t.id = ${id}
      for update of j
    `.execute(trx)
    const task = await trx
      .selectFrom('tasks')
      .select(['id', 'state', 'queue', 'error', 'video_id'])
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst()
    if (!task || !isFinal(task.state)) return task?.state
    await beforeForgetting(
      trx,
      [task].filter(({ state }) => state !== 'SUCCESS')
    )
    await sql`delete from pgboss.job where name = ${task.queue} and id = ${id}`.execute(trx)
    await dropDeadline(trx, id)
    await trx.deleteFrom('events').where('task_id', '=', id).execute()
    await trx.deleteFrom('attempts').where('task_id', '=', id).execute()
    await trx.deleteFrom('tasks').where('id', '=', id).execute()
    return task.state
  })
}
