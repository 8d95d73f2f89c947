import type { Pool } from 'pg'
import { channels } from '#tasks/channels.ts'
import { lanes } from '#tasks/read/lanes.ts'
import { revoking } from '#tasks/steer/revoke.ts'

// Unfinished tasks of one kind and queue that are looked at in one look: a million are gone through in three hours.
const page = 1_000
// As many ids as surely fit into one announcement.
const most = 200

/**
 * True where the job of task `t` says what the task says, in whatever queue it is. Both change in one transaction, so
 * one look never sees them apart, unless somebody has changed the job alone.
 */
const together = `exists (
  select from pgboss.queue q join pgboss.job j on j.name = q.name and j.id = t.id
  where case
    when t.state = 'STARTED' then j.state = 'active' and j.retry_count = t.attempts - 1
    else j.state < 'active'
  end
)`

// From the oldest on, a page of each kind and queue a time. The last one that was looked at of those that have more is
// where the next look begins.
const findText = `
with recursive ${lanes}, looked as (
  select t.* from lanes
  cross join lateral (
    select t.id, t.created_at, t.version, ${together} as fine,
      row_number() over (order by t.created_at, t.id) = ${page} as full_page
    from (
      select id, state, attempts, created_at, xmin::text as version from darkroom.tasks t
      where t.state = lanes.state and t.task = lanes.task and t.queue = lanes.queue
        and (t.created_at, t.id) > ($1::timestamptz, $2::uuid)
      order by created_at, id limit ${page}
    ) t
  ) t
  where lanes.state in ('PENDING', 'STARTED', 'RETRY')
)
select
  coalesce(json_agg(json_build_object('id', id, 'version', version)) filter (where not fine), '[]') as suspects,
  (select json_build_object('at', created_at, 'id', id) from looked where full_page order by created_at, id limit 1) as next
from looked`

const endText = `
with job as materialized (
  select t.id from unnest($1::uuid[], $2::text[]) suspect (id, version)
  join darkroom.tasks t on t.id = any(array[suspect.id])
  where t.xmin::text = suspect.version and t.finished_at is null and not ${together}
  limit ${most}
  for update of t skip locked
), ended as (
  update pgboss.job j set state = 'cancelled', completed_on = now()
  from job, pgboss.queue q
  where j.name = q.name and j.id = job.id and j.state < 'completed'
), ${revoking('job_gone', 'Its job was removed or changed, and not by Darkroom')}
select count(*)::int as count,
  pg_notify('${channels.changed}', string_agg(id::text, ',')), pg_notify('${channels.cancel}', string_agg(id::text, ','))
from task having count(*) > 0`

interface Suspect {
  id: string
  version: string
}

const beginning = { at: '-infinity', id: '00000000-0000-0000-0000-000000000000' }

/**
 * Looks for tasks that nobody will ever end, because somebody has removed or changed their jobs by hand: pg-boss's own
 * functions do not know our tables, and a DBA may not either. What is suspicious in one look and has not changed until
 * the next is revoked; who changes job and task one after the other is not caught in between.
 */
export function astray(pool: Pool) {
  let next = beginning
  let suspects: Suspect[] = []

  return async function look(): Promise<number> {
    const ended = await end(suspects)
    const { rows } = await pool.query<{ suspects: Suspect[]; next: typeof beginning | null }>(findText, [
      next.at,
      next.id
    ])
    suspects = rows[0]!.suspects
    next = rows[0]!.next ?? beginning
    return ended
  }

  async function end(suspects: Suspect[]) {
    const values = [suspects.map(({ id }) => id), suspects.map(({ version }) => version)]
    let ended = 0
    while (ended < suspects.length) {
      const { rows } = await pool.query<{ count: number }>(endText, values)
      const count = rows[0]?.count ?? 0
      ended += count
      if (count < most) break
    }
    return ended
  }
}
