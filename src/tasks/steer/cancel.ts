import { CompiledQuery } from 'kysely'
import { type By, recordAct } from '#audit/record.ts'
import type { Database, InTransaction } from '#database/connect.ts'
import type { State } from '#database/tables.ts'
import { transact } from '#database/transact.ts'
import type { Voice } from '#tasks/voice.ts'

export interface CancelRequest {
  id: string
  /** The task's state now: REVOKED if it waited, STARTED if its worker has to stop it first. */
  state: State
  /** False if the task was already finished. */
  accepted: boolean
}

export const requestCancelSql = `
select state, accepted from darkroom.request_cancel($1)`

export const revokeTaskSql = `
select darkroom.revoke_task($1, $2)`

/**
 * Requests a cancellation: a waiting task ends at once; a running one ends when its worker reports that its processes
 * are gone. Like every change it locks the job's row first, so that a task that finishes meanwhile has one outcome.
 */
export async function requestCancel(trx: InTransaction, id: string): Promise<CancelRequest | undefined> {
  const { rows } = await trx.executeQuery<Omit<CancelRequest, 'id'>>(CompiledQuery.raw(requestCancelSql, [id]))
  return rows[0] && { id, ...rows[0] }
}

/** Requests a cancellation in a transaction of its own, then notifies watchers and the task's worker. */
export async function cancelTask({ db, voice }: { db: Database; voice: Voice }, id: string, by: By) {
  // Again where the job moved, while this waited for its row, to the table of another queue, where a row lock cannot
  // follow; or where the task was handed over to its parts.
  const request = await transact(db, async trx => {
    const request = await requestCancel(trx, id)
    if (request?.accepted) await recordAct(trx, by, 'task.cancel', { type: 'task', id })
    return request
  })
  if (request?.accepted) {
    voice.changed(id)
    if (request.state === 'STARTED') voice.cancel(id)
  }
  return request
}

/** Revokes a task whose worker does not respond: later writes of that worker match no row. */
export async function revoke(trx: InTransaction, id: string) {
  const message = 'It was cancelled; its worker did not answer in time'
  await trx.executeQuery(CompiledQuery.raw(revokeTaskSql, [id, message]))
}
