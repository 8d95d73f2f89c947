import type { Pool } from 'pg'

export interface Held {
  id: string
  attempt: number
  worker: string
}

export interface Stopped {
  id: string
  reason: 'cancelled' | 'lost' | 'forgotten'
}

/**
 * Attempts that are to stop, of those that a worker holds: their notifications may have been lost. An attempt is lost
 * where its task is another worker's or gone, and forgotten where the task has never had it: Postgres has crashed before
 * the claim was on its disk.
 */
export const findStoppedSql = `
select
  held.id,
  case when t.attempts < held.attempt then 'forgotten' when ${isOther('t')} then 'lost' else 'cancelled' end as reason
from unnest($1::uuid[], $2::int[], $3::uuid[]) as held (id, attempt, worker)
left join darkroom.tasks t on t.id = any(array[held.id])
where ${isOther('t')} or t.cancel_requested_at is not null`

export async function findStopped(pool: Pool, held: Held[]): Promise<Stopped[]> {
  const values = [held.map(({ id }) => id), held.map(({ attempt }) => attempt), held.map(({ worker }) => worker)]
  return (await pool.query<Stopped>(findStoppedSql, values)).rows
}

function isOther(task: string) {
  return `((${task}.worker = held.worker and ${task}.attempts = held.attempt) is not true)`
}
