import type { Pool } from 'pg'
import { delayedQueue } from '#queue/boss.ts'
import { channels } from '#tasks/channels.ts'
import { lanes } from '#tasks/read/lanes.ts'
import { revoking } from '#tasks/steer/revoke.ts'

// As many ids as surely fit into one announcement.
const batch = 200
// Milliseconds for one look: whoever looks has a lease to renew. The next look goes on.
const longestLook = 1_000

const end = `${revoking('queue_gone', 'Its queue was removed before it ran')}
select count(*)::int as count, pg_notify('${channels.changed}', string_agg(id::text, ',')) from task having count(*) > 0`

/**
 * Delayed tasks whose time has come and whose queue is not there any more. Their jobs go with them: there is no queue
 * that they could be kept in. This happens so rarely that it may announce itself, inside its transaction.
 */
const delayed = `
with homeless as materialized (
  select j.id from pgboss.job j
  join darkroom.tasks t on t.id = j.id
  where j.name = '${delayedQueue}' and j.state < 'active' and j.start_after <= now()
    and not exists (select from pgboss.queue q where q.name = t.queue)
  limit ${batch}
  for update of j skip locked
), job as (
  delete from pgboss.job j using homeless where j.name = '${delayedQueue}' and j.id = homeless.id
  returning j.id
), ${end}`

/**
 * Tasks whose jobs went with their queue, whoever removed it; also where one of the same name has come since, with the
 * next start at the latest if it is that of a kind. What is delayed may find its queue again by then, and what somebody
 * has moved to another queue before waits there. The order is for the index that has it: Postgres would otherwise rather
 * go through all tasks.
 */
const jobless = `
with recursive ${lanes}, job as materialized (
  select t.id from lanes
  left join pgboss.queue q on q.name = lanes.queue
  cross join lateral (
    select id from darkroom.tasks t
    where t.state = lanes.state and t.task = lanes.task and t.queue = lanes.queue
      and t.created_at < coalesce(q.created_on, 'infinity')
      and not exists (select from pgboss.queue any_queue join pgboss.job j on j.name = any_queue.name and j.id = t.id)
    order by created_at desc
    limit ${batch}
    for update skip locked
  ) t
  where lanes.state in ('PENDING', 'STARTED', 'RETRY')
  limit ${batch}
), ${end}`

export async function revokeHomeless(pool: Pool): Promise<number> {
  return revoke(pool, delayed)
}

export async function revokeJobless(pool: Pool): Promise<number> {
  const since = performance.now()
  for (let revoked = 0; ; ) {
    const count = await revoke(pool, jobless)
    revoked += count
    if (count < batch || performance.now() - since > longestLook) return revoked
  }
}

async function revoke(pool: Pool, text: string) {
  const { rows } = await pool.query<{ count: number }>(text)
  return rows[0]?.count ?? 0
}
