import { CompiledQuery } from 'kysely'
import type { InTransaction } from '#database/connect.ts'

/** Key of an attempt, and the place of its job's row at the claim. */
export interface AttemptKey {
  id: string
  queue: string
  attempt: number
  place?: string | undefined
}

/** Jobs are found as in `complete`, where the reasons for each condition are. */
const statement = (inPlace: string) => `
select j.id, j.ctid as place
from jsonb_to_recordset($1::jsonb) as ending (id uuid, queue text, attempt int, place tid), pgboss.job j
where ${inPlace}j.name = ending.queue and j.id = ending.id
  and (j.state = 'active') is true and j.retry_count = ending.attempt - 1 and ending.attempt between 1 and 2147483647
order by j.id
for update of j`

export const lockAttemptsInPlaceSql = statement('j.ctid = ending.place and ')
export const lockAttemptsSql = statement('')

/**
 * Locks the jobs of those attempts that are still the current ones of their tasks, and returns them with the present
 * place of each row. The writes are a statement of their own, so that they see a cancellation that was committed while
 * this statement waited for the job's row.
 */
export async function lockAttempts<T extends AttemptKey>(trx: InTransaction, attempts: T[]): Promise<(T & Placed)[]> {
  const places = await lock(trx, lockAttemptsInPlaceSql, attempts)
  const moved = attempts.filter(({ id }) => !places.has(id))
  if (moved.length > 0) for (const [id, place] of await lock(trx, lockAttemptsSql, moved)) places.set(id, place)
  return attempts.flatMap(attempt => {
    const place = places.get(attempt.id)
    return place === undefined ? [] : [{ ...attempt, place }]
  })
}

interface Placed {
  place: string
}

async function lock(trx: InTransaction, text: string, attempts: AttemptKey[]) {
  const keys = attempts.map(({ id, queue, attempt, place }) => ({ id, queue, attempt, place }))
  const { rows } = await trx.executeQuery<{ id: string } & Placed>(CompiledQuery.raw(text, [JSON.stringify(keys)]))
  return new Map(rows.map(({ id, place }) => [id, place]))
}
