import { sql } from 'kysely'
import type { Database, InTransaction } from '#database/connect.ts'
import type { State } from '#database/tables.ts'
import { never } from '#queue/boss.ts'
import type { Voice } from '#tasks/voice.ts'
import { dropDeadline } from './deadline.ts'

export interface RetryRequest {
  queue: string
  state: State
  accepted: boolean
}

/**
 * A task that failed or was revoked gets a fresh set of attempts under the same id; what it went through stays. Its
 * job is put back, or made anew where it has expired: then it begins to count where the task stands, so that the
 * fence keeps rising. Locked job first, as everywhere; where there is no job, the task's row is the lock.
 */
export async function requestRetry(trx: InTransaction, id: string): Promise<RetryRequest | undefined> {
  await sql`
    select j.id from darkroom.tasks t join pgboss.job j on j.name = t.queue and j.id = t.id where t.id = ${id}
    for update of j
  `.execute(trx)
  const task = await trx
    .selectFrom('tasks')
    .select(['state', 'queue'])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  if (!task) return undefined
  const { state, queue } = task
  if (state !== 'FAILURE' && state !== 'REVOKED') return { queue, state, accepted: false }

  const { rows: jobs } = await sql`
    update pgboss.job set state = 'created', start_after = now(), completed_on = null, output = null
    where name = ${queue} and id = ${id}
    returning id
  `.execute(trx)
  if (jobs.length === 0) {
    await sql`
      insert into pgboss.job (
        id, name, data, priority, policy, retry_limit, retry_count, expire_seconds, deletion_seconds, keep_until
      )
      select
        id, queue, jsonb_build_object('task', task), priority, 'standard', ${never}, attempts, ${never}, result_expires,
        'infinity'
      from darkroom.tasks where id = ${id}
    `.execute(trx)
  }
  await dropDeadline(trx, id)
  await sql`
    with task as (
      update darkroom.tasks set
        state = 'PENDING', failures = 0, crashes = 0, error = null, progress = null, progress_detail = null,
        eta = null, expires_at = null, started_at = null, finished_at = null, cancel_requested_at = null, worker = null
      where id = ${id}
      returning id, attempts
    )
    insert into darkroom.events (task_id, state, attempt) select id, 'PENDING', attempts from task
  `.execute(trx)
  return { queue, state: 'PENDING', accepted: true }
}

export async function retryTask({ db, voice }: { db: Database; voice: Voice }, id: string) {
  const request = await db.query.transaction().execute(trx => requestRetry(trx, id))
  if (request?.accepted) {
    voice.changed(id)
    voice.wake(request.queue)
  }
  return request
}
