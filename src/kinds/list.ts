import type { Pool } from 'pg'
import { takesTasks } from '#tasks/attempts/takers.ts'
import type { Kind, Kinds } from '#tasks/define.ts'
import { isInternal } from '#tasks/internal.ts'
import type { KindBody } from './schemas.ts'

export const countWorkersByKindSql = `
select kind, count(*)::int as workers
from darkroom.workers w, unnest(w.kinds) kind
where ${takesTasks}
group by kind`

/** The kinds of this process by name: all public ones, or the one with the given name. */
export async function listKinds(pool: Pool, kinds: Kinds, task: string | undefined): Promise<KindBody[]> {
  const { rows } = await pool.query<{ kind: string; workers: number }>(countWorkersByKindSql)
  const workers = new Map(rows.map(row => [row.kind, row.workers]))
  return [...kinds.values()]
    .filter(({ name }) => (task === undefined ? !isInternal(name) : name === task))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .map(kind => present(kind, workers.get(kind.name) ?? 0))
}

function present(kind: Kind, workers: number): KindBody {
  return {
    name: kind.name,
    description: kind.description ?? null,
    // Plain JSON Schema: TypeBox hides its own properties from JSON.
    args: kind.args,
    queue: kind.queue,
    priority: kind.priority,
    limits: {
      time_limit: kind.time_limit ?? null,
      soft_time_limit: kind.soft_time_limit ?? null,
      stall_limit: kind.stall_limit ?? null
    },
    retries: {
      max_retries: kind.max_retries,
      retry_delay: kind.retry_delay,
      retry_backoff: kind.retry_backoff,
      retry_backoff_max: kind.retry_backoff_max,
      retry_jitter: kind.retry_jitter
    },
    result_expires: kind.result_expires ?? null,
    pool: kind.pool,
    internal: isInternal(kind.name),
    workers
  }
}
