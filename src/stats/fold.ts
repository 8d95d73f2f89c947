import type { Pool } from 'pg'
import type { Lane } from './cells.ts'
import { minutesKept } from './retention.ts'

/**
 * Moves noted creations and cancellations into the minutes; skipped while another process does so. Notes of a
 * transaction that was open for two days are dropped: the minutes of their hour may be gone, and its sum would be
 * replaced by theirs.
 */
export const foldSql = `
with noted as (
  delete from darkroom.uncounted
  where minute < now() - $1::float8 * interval '1 second'
    and (select pg_try_advisory_xact_lock(hashtext('darkroom'), hashtext('uncounted')))
  returning minute, task, queue, created, cancelled, succeeded, failed
), folded as (
  insert into darkroom.minutes as m (minute, task, queue, created, cancelled, succeeded, failed)
  select minute, task, queue, sum(created), sum(cancelled), sum(succeeded), sum(failed) from noted
  where minute > now() - interval '${minutesKept - 1} hours'
  group by minute, task, queue
  order by minute, task, queue
  on conflict (minute, task, queue) do update set
    created = m.created + excluded.created, cancelled = m.cancelled + excluded.cancelled,
    succeeded = m.succeeded + excluded.succeeded, failed = m.failed + excluded.failed
)
select
  task, queue, sum(created)::int as created, sum(cancelled)::int as cancelled, sum(succeeded)::int as succeeded,
  sum(failed)::int as failed
from noted group by task, queue`

/** What was noted since the last call of any process. */
export interface Folded extends Lane {
  created: number
  cancelled: number
  succeeded: number
  failed: number
}

/** The caller counts what it folds; `age` in seconds spares younger notes for another process. */
export async function fold(pool: Pick<Pool, 'query'>, age = 0): Promise<Folded[]> {
  return (await pool.query(foldSql, [age])).rows
}
