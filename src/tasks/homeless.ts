import type { Pool } from 'pg'
import { delayedQueue } from '#queue/boss.ts'
import { channels } from './channels.ts'
import { lanes } from './lanes.ts'
import { revoking } from './revoke.ts'

// As many ids as surely fit into one announcement.
const batch = 200

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

/** Tasks whose jobs went with their queue, whoever removed it. What is delayed may find its queue again by then. */
const jobless = `
with recursive ${lanes}, job as materialized (
  select t.id from lanes
  cross join lateral (
    select id from darkroom.tasks t
    where t.state = lanes.state and t.task = lanes.task and t.queue = lanes.queue
      and not exists (select from pgboss.job j where j.name = '${delayedQueue}' and j.id = t.id)
    limit ${batch}
    for update skip locked
  ) t
  where lanes.state in ('PENDING', 'STARTED', 'RETRY')
    and not exists (select from pgboss.queue q where q.name = lanes.queue)
  limit ${batch}
), ${end}`

export async function revokeHomeless(pool: Pool): Promise<number> {
  return revoke(pool, delayed)
}

export async function revokeJobless(pool: Pool): Promise<number> {
  for (let revoked = 0; ; ) {
    const count = await revoke(pool, jobless)
    revoked += count
    if (count < batch) return revoked
  }
}

async function revoke(pool: Pool, text: string) {
  const { rows } = await pool.query<{ count: number }>(text)
  return rows[0]?.count ?? 0
}
