import type { Pool } from 'pg'
import { delayedQueue } from '#queue/boss.ts'

const mostAtOnce = 500

/**
 * Revokes what has not started by the time that it was to start by, while it still waits: for a free worker, or for
 * its own time. Only what has expired since the last look is looked at, because the index also leads to all that
 * expired long ago; what is missed by that is revoked when a worker comes to it.
 */
const text = `
with late as materialized (
  select j.name, j.id
  from darkroom.tasks t
  join pgboss.job j on j.id = t.id and j.name in (t.queue, '${delayedQueue}') and j.state < 'active'
  where t.expires_at > coalesce($1::timestamptz, now() - interval '1 day') and t.expires_at <= now()
    and t.started_at is null and t.finished_at is null
  order by t.expires_at
  limit ${mostAtOnce}
  for update of j skip locked
), job as (
  update pgboss.job j set state = 'cancelled', completed_on = now()
  from late
  where j.name = late.name and j.id = late.id
  returning j.id
), task as (
  update darkroom.tasks t set
    state = 'REVOKED', finished_at = now(),
    error = '{"type": "expired", "message": "It did not start in time"}'
  from job
  where t.id = job.id
  returning t.id
)
select
  (select coalesce(array_agg(id), '{}') from task) as revoked,
  (case when (select count(*) from late) < ${mostAtOnce} then now() else $1::timestamptz end)::text as seen,
  (select extract(epoch from min(expires_at) - now())::float8 from darkroom.tasks where expires_at > now()) as next`

export interface Expired {
  revoked: string[]
  /** To be handed to the next look. */
  seen: string | null
  /** Seconds until something else may expire; null when nothing will. */
  next: number | null
}

export async function expire(pool: Pool, seen: string | null): Promise<Expired> {
  const { rows } = await pool.query<Expired>(text, [seen])
  return rows[0]!
}
