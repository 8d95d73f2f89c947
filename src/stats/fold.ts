import type { Pool } from 'pg'
import { minutesKept } from './retention.ts'

/**
 * Moves noted creations and cancellations into the minutes; skipped while another process does so. Notes of a
 * transaction that was open for two days are dropped: the minutes of their hour may be gone, and its sum would be
 * replaced by theirs.
 */
export const foldSql = `
with noted as (
  delete from darkroom.uncounted
  where (select pg_try_advisory_xact_lock(hashtext('darkroom'), hashtext('uncounted')))
  returning minute, task, queue, created, cancelled, succeeded, failed
)
insert into darkroom.minutes as m (minute, task, queue, created, cancelled, succeeded, failed)
select minute, task, queue, sum(created), sum(cancelled), sum(succeeded), sum(failed) from noted
where minute > now() - interval '${minutesKept - 1} hours'
group by minute, task, queue
order by minute, task, queue
on conflict (minute, task, queue) do update set
  created = m.created + excluded.created, cancelled = m.cancelled + excluded.cancelled,
  succeeded = m.succeeded + excluded.succeeded, failed = m.failed + excluded.failed`

export async function fold(pool: Pick<Pool, 'query'>) {
  await pool.query(foldSql)
}
