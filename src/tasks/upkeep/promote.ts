import type { Pool } from 'pg'
import { delayedQueue } from '#queue/boss.ts'
import { goneQueue } from '#queue/gone.ts'
import { revokeHomeless } from './homeless.ts'

/**
 * Moves delayed tasks that are due into their own queues, under the same id. Returns the queues that got tasks, and the
 * seconds until the next task is due (null: none waits).
 */
export const promoteSql = `
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
      const { rows } = await pool.query<Promoted>(promoteSql)
      return rows[0]!
    } catch (error) {
      // One task whose queue was removed would stop all others here, retries included.
      if (!goneQueue(error) || (await revokeHomeless(pool)) === 0) throw error
    }
  }
}
