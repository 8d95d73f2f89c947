import { CompiledQuery } from 'kysely'
import type { InTransaction } from '#database/connect.ts'

/** What names an attempt, and where its job's row was when it was claimed. */
export interface AttemptKey {
  id: string
  queue: string
  attempt: number
  place?: string | undefined
}

/**
 * Jobs whose current attempts are those of a list named `ending`. Few jobs are active when the tables are looked at,
 * so going through all of them would be thought the better way, also when there are a thousand. No index answers
 * this question about the state, and the range of the number, which holds for every attempt, has the planner expect
 * one of them: it then goes straight to each.
 */
const current = (where: string) => `
  ${where} and (j.state = 'active') is true and j.retry_count = ending.attempt - 1
  and ending.attempt between 1 and 2147483647`

/** Where the claim left the row, and wherever it is: somebody may have changed it, without taking it from us. */
export const inPlace = current('j.ctid = ending.place and j.name = ending.queue and j.id = ending.id')
export const anywhere = current('j.name = ending.queue and j.id = ending.id')

const statement = (where: string) => `
select j.id, j.ctid as place
from jsonb_to_recordset($1::jsonb) as ending (id uuid, queue text, attempt int, place tid), pgboss.job j
where ${where}
order by j.id
for update of j`

const lockInPlace = statement(inPlace)
const lockAnywhere = statement(anywhere)

/**
 * Locks the jobs of those attempts that are still the current ones of their tasks, and answers them with the place
 * where each row is now. The locks come first and the changes are a statement of their own: only so do they see a
 * cancellation that was committed while we waited for the job's row.
 */
export async function lockAttempts<T extends AttemptKey>(trx: InTransaction, attempts: T[]): Promise<(T & Placed)[]> {
  const places = await lock(trx, lockInPlace, attempts)
  const moved = attempts.filter(({ id }) => !places.has(id))
  if (moved.length > 0) for (const [id, place] of await lock(trx, lockAnywhere, moved)) places.set(id, place)
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
