import type { Pool } from 'pg'
import type { Ending } from './ending.ts'
import { afterCrash } from './retry-policy.ts'

interface Orphan {
  id: string
  queue: string
  place: string
  attempt: number
  worker: string
  started_at: Date
  crashes: number
  /** Its place among the tasks that its worker had claimed, whose bodies begin in the order of the claims. */
  turn: number
  children: number
}

// Through the active jobs, which are few and indexed. A task without a worker goes on in other tasks; see hand-over.ts.
export const findOrphansSql = `
select
  t.id, j.name as queue, j.ctid as place, t.attempts as attempt, t.worker, t.started_at, t.crashes,
  coalesce(w.concurrency, 1) as children,
  row_number() over (partition by t.worker order by t.started_at, j.priority desc, j.created_on, j.id)::int as turn
from pgboss.queue q
join pgboss.job j on j.name = q.name and j.state = 'active'
join darkroom.tasks t on t.id = j.id
left join darkroom.workers w on w.id = t.worker
where w.status is distinct from 'running' and t.worker is not null
order by turn`

/**
 * The attempts of workers that are lost or stopped, as endings to settle: each task is retried within its crash budget.
 * Reads all queues, because the lost worker may have been the only one of a queue.
 *
 * At most as many attempts as the worker had children can have crashed it; the tasks that it had claimed ahead of them
 * are handed back.
 */
export async function findOrphans(pool: Pool): Promise<Ending[]> {
  const { rows } = await pool.query<Orphan>(findOrphansSql)
  return rows.map(({ crashes, turn, children, ...orphan }) =>
    turn <= children
      ? { ...orphan, outcome: 'crashed', ...afterCrash(crashes, 'Its worker went away') }
      : { ...orphan, ...handedBack('Its worker went away before it began; it is tried again') }
  )
}

export const findUnknownSql = `
select t.id, j.name as queue, j.ctid as place, t.attempts as attempt, t.worker, t.started_at
from pgboss.queue q
join pgboss.job j on j.name = q.name and j.state = 'active'
join darkroom.tasks t on t.id = j.id
where t.worker = $1 and t.id <> all($2::uuid[])`

/** Claims that a worker does not know of: the connection broke between the commit and its answer. */
export async function findUnknown(pool: Pool, worker: string, known: string[]): Promise<Ending[]> {
  const { rows } = await pool.query<Omit<Orphan, 'crashes' | 'turn' | 'children'>>(findUnknownSql, [worker, known])
  return rows.map(attempt => ({
    ...attempt,
    ...handedBack('The connection broke as its worker took it; it is tried again')
  }))
}

function handedBack(message: string) {
  return { outcome: 'shutdown', error: { type: 'shutdown', message }, next: { state: 'RETRY', delay: 0 } } as const
}
