import type { Pool } from 'pg'
import type { Ending } from './ending.ts'
import { afterCrash } from './retry-policy.ts'

interface Orphan {
  id: string
  queue: string
  attempt: number
  worker: string
  started_at: Date
  crashes: number
}

// Through the jobs that are active, which are few and indexed; the tasks' state has no index on purpose.
const text = `
select t.id, j.name as queue, t.attempts as attempt, t.worker, t.started_at, t.crashes
from pgboss.queue q
join pgboss.job j on j.name = q.name and j.state = 'active'
join darkroom.tasks t on t.id = j.id
left join darkroom.workers w on w.id = t.worker
where w.status is distinct from 'running'
limit 500`

/**
 * The attempts of workers that are gone, as endings to be settled: each is tried again, but not for ever. Of whatever
 * queue: the worker that served it may have been the only one, and saying what became of a task is not running it.
 */
export async function findOrphans(pool: Pool): Promise<Ending[]> {
  const { rows } = await pool.query<Orphan>(text)
  return rows.map(({ crashes, ...orphan }) => ({
    ...orphan,
    outcome: 'crashed',
    ...afterCrash(crashes, 'Its worker went away')
  }))
}

const unknownText = `
select t.id, j.name as queue, t.attempts as attempt, t.worker, t.started_at
from pgboss.queue q
join pgboss.job j on j.name = q.name and j.state = 'active'
join darkroom.tasks t on t.id = j.id
where t.worker = $1 and t.id <> all($2::uuid[])`

/** What a worker has taken without knowing: the connection broke after the commit and before its answer. */
export async function findUnknown(pool: Pool, worker: string, known: string[]): Promise<Ending[]> {
  const { rows } = await pool.query<Omit<Orphan, 'crashes'>>(unknownText, [worker, known])
  return rows.map(attempt => ({
    ...attempt,
    outcome: 'shutdown',
    error: { type: 'shutdown', message: 'The connection broke as its worker took it; it is tried again' },
    next: { state: 'RETRY', delay: 0 }
  }))
}
