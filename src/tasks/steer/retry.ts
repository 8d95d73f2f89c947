import { CompiledQuery } from 'kysely'
import type { Database, InTransaction } from '#database/connect.ts'
import type { State } from '#database/tables.ts'
import { never } from '#queue/boss.ts'
import { resetColumns } from '#tasks/columns.ts'
import type { Voice } from '#tasks/voice.ts'
import { dropDeadline } from './deadline.ts'
import { type LockedTask, lockTask } from './lock.ts'

export interface RetryRequest {
  queue: string
  state: State
  accepted: boolean
}

export const reopenJobSql = `
update pgboss.job set state = 'created', start_after = now(), completed_on = null, output = null
where name = $1 and id = $2
returning id`

export const renewJobSql = `
insert into pgboss.job (
  id, name, data, priority, policy, retry_limit, retry_count, expire_seconds, deletion_seconds, keep_until
)
select
  id, queue, jsonb_build_object('task', task), priority, 'standard', ${never}, attempts, ${never}, result_expires,
  'infinity'
from darkroom.tasks where id = $1`

export const reopenTaskSql = `
with task as (
  update darkroom.tasks set
    ${resetColumns}
  where id = $1
  returning id, attempts
)
insert into darkroom.events (task_id, state, attempt) select id, 'PENDING', attempts from task`

/**
 * A task that failed or was revoked gets a fresh set of attempts under the same id and keeps its history. Its job is
 * reopened, or inserted again if it has expired: then its count starts at the task's attempt, so that the fence keeps
 * rising.
 */
export async function requestRetry(trx: InTransaction, id: string): Promise<RetryRequest | undefined> {
  const task = await lockTask(trx, id)
  if (!task) return undefined
  const { queue, state } = task
  if (state !== 'FAILURE' && state !== 'REVOKED') return { queue, state, accepted: false }

  await reopenJob(trx, task)
  await dropDeadline(trx, id)
  await trx.executeQuery(CompiledQuery.raw(reopenTaskSql, [id]))
  return { queue, state: 'PENDING', accepted: true }
}

async function reopenJob(trx: InTransaction, { id, queue }: LockedTask) {
  const { rows } = await trx.executeQuery(CompiledQuery.raw(reopenJobSql, [queue, id]))
  if (rows.length === 0) await trx.executeQuery(CompiledQuery.raw(renewJobSql, [id]))
}

export async function retryTask({ db, voice }: { db: Database; voice: Voice }, id: string) {
  const request = await db.query.transaction().execute(trx => requestRetry(trx, id))
  if (request?.accepted) {
    voice.changed(id)
    voice.wake(request.queue)
  }
  return request
}
