import { sql } from 'kysely'
import type { Database, InTransaction } from '#database/connect.ts'
import type { State } from '#database/tables.ts'
import { delayedQueue } from '#queue/boss.ts'
import type { Voice } from '#tasks/voice.ts'
import { isFinal } from '#tasks/words.ts'

export interface CancelRequest {
  id: string
  /** What the task is now: REVOKED at once when it waited, STARTED when its worker has to stop it first. */
  state: State
  /** False when there was nothing to cancel any more. */
  accepted: boolean
}

/**
 * A request: a task that waits is over at once; one that runs is over when its worker says that its processes are
 * gone. The job's row is locked first, as everywhere, so that a task which finishes at this moment has one outcome.
 */
export async function requestCancel(trx: InTransaction, id: string): Promise<CancelRequest | undefined> {
  const { rows: jobs } = await sql<{ name: string; state: string }>`
    select j.name, j.state from darkroom.tasks t
    join pgboss.job j on j.id = t.id and j.name in (t.queue, ${delayedQueue})
    where t.id = ${id}
    for update of j
  `.execute(trx)

  if (jobs[0]?.state === 'created' || jobs[0]?.state === 'retry') {
    await revokeRows(trx, id, 'It was cancelled before it ran')
    return { id, state: 'REVOKED', accepted: true }
  }

  if (jobs[0]?.state === 'active') {
    await trx
      .updateTable('tasks')
      .set({ cancel_requested_at: sql`coalesce(cancel_requested_at, now())` })
      .where('id', '=', id)
      .execute()
    return { id, state: 'STARTED', accepted: true }
  }

  const task = await trx.selectFrom('tasks').select('state').where('id', '=', id).forUpdate().executeTakeFirst()
  if (!task || isFinal(task.state)) return task && { id, state: task.state, accepted: false }
  // Its job went with a queue that was removed: nobody else will ever end it.
  await revokeRows(trx, id, 'It was cancelled before it ran')
  return { id, state: 'REVOKED', accepted: true }
}

/** The same as an operation of its own: committed, and told to whoever has to know. */
export async function cancelTask({ db, voice }: { db: Database; voice: Voice }, id: string) {
  const attempt = () => db.query.transaction().execute(trx => requestCancel(trx, id))
  // While we waited for its row the job was moved to another queue's table, which no lock can follow.
  const request = await attempt().catch(error => {
    if (error.code === '40001') return attempt()
    throw error
  })
  if (request?.accepted) {
    voice.changed(id)
    if (request.state === 'STARTED') voice.cancel(id)
  }
  return request
}

/** The end of a task whose worker does not answer: whatever that worker writes from here on matches no row. */
export async function revoke(trx: InTransaction, id: string) {
  await revokeRows(trx, id, 'It was cancelled; its worker did not answer in time')
}

/**
 * A job that waited with the delayed ones goes home: that is where a finished task's is looked for. Where home is not
 * there any more it goes altogether.
 */
async function revokeRows(trx: InTransaction, id: string, message: string) {
  await sql`
    with job as (
      update pgboss.job j set name = t.queue, state = 'cancelled', completed_on = now()
      from darkroom.tasks t
      where t.id = ${id} and j.id = t.id and j.name in (t.queue, ${delayedQueue}) and j.state < 'completed'
        and exists (select from pgboss.queue q where q.name = t.queue)
    ), homeless as (
      delete from pgboss.job j using darkroom.tasks t
      where t.id = ${id} and j.id = t.id and j.name = ${delayedQueue} and j.state < 'completed'
        and not exists (select from pgboss.queue q where q.name = t.queue)
    ), task as (
      update darkroom.tasks set
        state = 'REVOKED', finished_at = now(), cancel_requested_at = coalesce(cancel_requested_at, now()),
        error = ${JSON.stringify({ type: 'cancelled', message })}
      where id = ${id} and finished_at is null
      returning id, attempts, error
    )
    insert into darkroom.events (task_id, state, attempt, error) select id, 'REVOKED', attempts, error from task
  `.execute(trx)
}
