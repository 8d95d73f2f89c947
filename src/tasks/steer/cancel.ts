import { CompiledQuery } from 'kysely'
import type { Database, InTransaction } from '#database/connect.ts'
import type { State } from '#database/tables.ts'
import { delayedQueue } from '#queue/boss.ts'
import type { Voice } from '#tasks/voice.ts'
import { isFinal } from '#tasks/words.ts'

export interface CancelRequest {
  id: string
  /** The task's state now: REVOKED if it waited, STARTED if its worker has to stop it first. */
  state: State
  /** False if the task was already finished. */
  accepted: boolean
}

export const lockJobToCancelSql = `
select j.state, t.attempts from darkroom.tasks t
join pgboss.job j on j.id = t.id and j.name in (t.queue, '${delayedQueue}')
where t.id = $1
for update of j`

export const lockTaskToCancelSql = `
select state, attempts from darkroom.tasks where id = $1 for update`

export const requestEndSql = `
update darkroom.tasks set cancel_requested_at = coalesce(cancel_requested_at, now()) where id = $1`

/**
 * The job of a delayed task moves to the task's own queue, where lookups of finished tasks expect it. If that queue is
 * gone the job is deleted.
 */
export const revokeCancelledSql = `
with job as (
  update pgboss.job j set name = t.queue, state = 'cancelled', completed_on = now()
  from darkroom.tasks t
  where t.id = $1 and j.id = t.id and j.name in (t.queue, '${delayedQueue}') and j.state < 'completed'
    and exists (select from pgboss.queue q where q.name = t.queue)
), homeless as (
  delete from pgboss.job j using darkroom.tasks t
  where t.id = $1 and j.id = t.id and j.name = '${delayedQueue}' and j.state < 'completed'
    and not exists (select from pgboss.queue q where q.name = t.queue)
), task as (
  update darkroom.tasks set
    state = 'REVOKED', finished_at = now(), cancel_requested_at = coalesce(cancel_requested_at, now()),
    error = jsonb_build_object('type', 'cancelled', 'message', $2::text)
  where id = $1 and finished_at is null
  returning id, attempts, error
)
insert into darkroom.events (task_id, state, attempt, error) select id, 'REVOKED', attempts, error from task`

/**
 * Requests a cancellation: a waiting task ends at once; a running one ends when its worker reports that its processes
 * are gone. Like every change it locks the job's row first, so that a task that finishes meanwhile has one outcome.
 */
export async function requestCancel(trx: InTransaction, id: string): Promise<CancelRequest | undefined> {
  const { rows: jobs } = await trx.executeQuery<{ state: string; attempts: number }>(
    CompiledQuery.raw(lockJobToCancelSql, [id])
  )
  const job = jobs[0]
  if (job?.state === 'created' || job?.state === 'retry') {
    await revokeCancelled(trx, id, whileWaiting(job))
    return { id, state: 'REVOKED', accepted: true }
  }
  if (job?.state === 'active') {
    await trx.executeQuery(CompiledQuery.raw(requestEndSql, [id]))
    return { id, state: 'STARTED', accepted: true }
  }

  const { rows: tasks } = await trx.executeQuery<{ state: State; attempts: number }>(
    CompiledQuery.raw(lockTaskToCancelSql, [id])
  )
  const task = tasks[0]
  if (!task || isFinal(task.state)) return task && { id, state: task.state, accepted: false }
  // Its job was deleted with its queue: no worker will ever end the task.
  await revokeCancelled(trx, id, whileWaiting(task))
  return { id, state: 'REVOKED', accepted: true }
}

/** Requests a cancellation in a transaction of its own, then notifies watchers and the task's worker. */
export async function cancelTask({ db, voice }: { db: Database; voice: Voice }, id: string) {
  const attempt = () => db.query.transaction().execute(trx => requestCancel(trx, id))
  // While we waited for its row the job moved to the table of another queue, where a row lock cannot follow.
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

/** Revokes a task whose worker does not respond: later writes of that worker match no row. */
export async function revoke(trx: InTransaction, id: string) {
  await revokeCancelled(trx, id, 'It was cancelled; its worker did not answer in time')
}

function whileWaiting({ attempts }: { attempts: number }) {
  return attempts === 0 ? 'It was cancelled before it ran' : 'It was cancelled while it waited for its next attempt'
}

async function revokeCancelled(trx: InTransaction, id: string, message: string) {
  await trx.executeQuery(CompiledQuery.raw(revokeCancelledSql, [id, message]))
}
