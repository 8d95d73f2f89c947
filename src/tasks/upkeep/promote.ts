import type { Pool } from 'pg'
import { delayedQueue } from '#queue/boss.ts'
import { goneQueue } from '#queue/gone.ts'
import { revokeHomeless } from './homeless.ts'

/**
 * Moves delayed tasks whose time has come into their own queues, under the same id. Answers which queues have got
 * something, and in how many seconds the next one is due (null: nothing waits).
 */
const text = `
with due as materialized (
  select id from pgboss.job
  where name = '${delayedQueue}' and state < 'active' and start_after <= now()
  order by start_after
  limit 500
  for update skip locked
), moved as (
  update pgboss.job j set name = t.queue
  from due join darkroom.tasks t on t.id = due.id
  where j.name = '${delayedQueue}' and j.id = due.id
  returning j.name
)
select
  (select coalesce(array_agg(distinct name), '{}') from moved) as queues,
  (
    select extract(epoch from min(start_after) - now())::float8 from pgboss.job
    where name = '${delayedQueue}' and state < 'active' and id not in (select id from due)
  ) as next`

export interface Promoted {
  queues: string[]
  next: number | null
}

export async function promote(pool: Pool): Promise<Promoted> {
  for (;;) {
    try {
      const { rows } = await pool.query<Promoted>(text)
      return rows[0]!
    } catch (error) {
      // One task whose queue is not there any more would keep all others from theirs, retries included.
      if (!goneQueue(error) || (await revokeHomeless(pool)) === 0) throw error
    }
  }
}
