import { CompiledQuery } from 'kysely'
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

export async function retryTask({ db, voice }: { db: Database; voice: Voice }, id: string) {
  const request = await db.query.transaction().execute(trx => requestRetry(trx, id))
  if (request?.accepted) {
    voice.changed(id)
    voice.wake(request.queue)
  }
  return request
}
