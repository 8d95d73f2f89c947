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
  /** Where it stood among what its worker had in hand, which begins in the order in which it is claimed. */
  turn: number
  children: number
}

// Through the jobs that are active, which are few and indexed; the tasks' state has no index on purpose.
const text = `
select
  t.id, j.name as queue, j.ctid as place, t.attempts as attempt, t.worker, t.started_at, t.crashes,
  coalesce(w.concurrency, 1) as children,
  row_number() over (partition by t.worker order by t.started_at, j.priority desc, j.created_on, j.id)::int as turn
from pgboss.queue q
join pgboss.job j on j.name = q.name and j.state = 'active'
join darkroom.tasks t on t.id = j.id
left join darkroom.workers w on w.id = t.worker
where w.status is distinct from 'running'
order by turn`

/**
 * The attempts of workers that are gone, as endings to be settled: each is tried again, but not for ever. Of whatever
 * queue: the worker that served it may have been the only one, and saying what became of a task is not running it.
 *
 * Only as many as the worker had children can have brought it down; what it had taken ahead of them is innocent.
 */
export async function findOrphans(pool: Pool): Promise<Ending[]> {
  const { rows } = await pool.query<Orphan>(text)
  return rows.map(({ crashes, turn, children, ...orphan }) =>
    turn <= children
      ? { ...orphan, outcome: 'crashed', ...afterCrash(crashes, 'Its worker went away') }
      : { ...orphan, ...handedBack('Its worker went away before it began; it is tried again') }
  )
}

const unknownText = `
select t.id, j.name as queue, j.ctid as place, t.attempts as attempt, t.worker, t.started_at
from pgboss.queue q
join pgboss.job j on j.name = q.name and j.state = 'active'
join darkroom.tasks t on t.id = j.id
where t.worker = $1 and t.id <> all($2::uuid[])`

/** What a worker has taken without knowing: the connection broke after the commit and before its answer. */
export async function findUnknown(pool: Pool, worker: string, known: string[]): Promise<Ending[]> {
  const { rows } = await pool.query<Omit<Orphan, 'crashes' | 'turn' | 'children'>>(unknownText, [worker, known])
  return rows.map(attempt => ({
    ...attempt,
    ...handedBack('The connection broke as its worker took it; it is tried again')
  }))
}

function handedBack(message: string) {
  return { outcome: 'shutdown', error: { type: 'shutdown', message }, next: { state: 'RETRY', delay: 0 } } as const
}
