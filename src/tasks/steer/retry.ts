import { CompiledQuery } from 'kysely'
import { type By, recordAct } from '#audit/record.ts'
import type { Database, InTransaction } from '#database/connect.ts'
import type { State } from '#database/tables.ts'
import type { Voice } from '#tasks/voice.ts'

export interface RetryRequest {
  queue: string
  state: State
  accepted: boolean
}

export const requestRetrySql = `
select queue, state, accepted from darkroom.request_retry($1)`

/**
 * A task that failed or was revoked gets a fresh set of attempts under the same id and keeps its history.
 */
export async function requestRetry(trx: InTransaction, id: string): Promise<RetryRequest | undefined> {
  return (await trx.executeQuery<RetryRequest>(CompiledQuery.raw(requestRetrySql, [id]))).rows[0]
}

export async function retryTask({ db, voice }: { db: Database; voice: Voice }, id: string, by: By) {
  const request = await db.query.transaction().execute(async trx => {
    const request = await requestRetry(trx, id)
    if (request?.accepted) await recordAct(trx, by, 'task.retry', { type: 'task', id })
    return request
  })
  if (request?.accepted) {
    voice.changed(id)
    voice.wake(request.queue)
  }
  return request
}
