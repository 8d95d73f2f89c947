import type { Pool } from 'pg'
import { forTasks } from '#queue/names.ts'
import { waiting } from '#queue/waiting.ts'
import { inHand } from '#tasks/attempts/in-hand.ts'

// Milliseconds.
const longest = 30_000

/**
 * Reads the depth of each queue, unless another process has done so within ten seconds or does so now. The more time it
 * takes, the rarer it becomes, up to once a minute: a million waiting tasks are counted in a fifth of a second. A
 * minute keeps its largest values. A process may see the lock free and the other's rows not yet: one sample too many.
 */
export const sampleSql = `
with turn as materialized (
  select from (values (1)) one
  where not exists (
    select from darkroom.queue_minutes
    where minute > now() - interval '5 minutes' and next_sample_at > now()
  ) and pg_try_advisory_xact_lock(hashtext('darkroom'), hashtext('sample'))
), ${inHand}
insert into darkroom.queue_minutes as m (minute, queue, depth, oldest, running, next_sample_at)
select
  date_trunc('minute', now(), 'UTC'), q.name, waiting.depth, greatest(0, coalesce(waiting.oldest, 0)),
  (select count(*) from in_hand where in_hand.queue = q.name and not ahead),
  now() + greatest(interval '9.5 s', least(interval '60 s', 50 * (clock_timestamp() - now())))
from turn
cross join pgboss.queue q
${waiting}
where ${forTasks}
order by q.name
on conflict (minute, queue) do update set
  depth = greatest(m.depth, excluded.depth),
  oldest = greatest(m.oldest, excluded.oldest),
  running = greatest(m.running, excluded.running),
  next_sample_at = excluded.next_sample_at`

export async function sample(pool: Pool) {
  await pool.query({ text: sampleSql, query_timeout: longest } as { text: string })
}
