import type { Pool } from 'pg'

export interface ErrorGroup {
  fingerprint: string
  task: string
  type: string | null
  message: string | null
  count: number
  first_at: Date
  last_at: Date
  sample: string
  /** Failures in each part of the time, the oldest first. */
  trend: number[]
}

export interface FailedTask {
  id: string
  queue: string
  worker: string | null
  attempts: number
  finished_at: Date
  message: string | null
}

/** Failures that are looked at; those of a storm are alike. */
export const mostFailures = 10_000

/** Parts of the time that is looked at. */
export const parts = 24

// A task that failed since $1 was as a rule submitted within the day before.
const newest = `failures as materialized (
  select newest.* from (
    select t.* from darkroom.task_groups g
    cross join lateral (
      select t.id, t.task, t.queue, t.worker, t.attempts, t.created_at, t.finished_at,
        t.error ->> 'type' as type, t.error ->> 'message' as message
      from darkroom.tasks t
      where t.state = 'FAILURE' and t.task = g.task and t.queue = g.queue
        and t.created_at > $1::timestamptz - interval '1 day'
      order by t.created_at desc, t.id desc
      limit ${mostFailures}
    ) t
    where g.state = 'FAILURE' and ($2::text[] is null or g.task = any($2)) and g.task <> all($3::text[])
    order by t.created_at desc
    limit ${mostFailures}
  ) newest
  where newest.finished_at >= $1
), alike as materialized (
  select task, type, message, count(*)::int as count, min(finished_at) as first_at, max(finished_at) as last_at,
    (array_agg(id order by finished_at desc))[1] as sample, darkroom.blank_message(message) as blanked,
    string_agg(width_bucket(
      extract(epoch from finished_at), extract(epoch from $1::timestamptz), extract(epoch from now()) + 1, ${parts}
    )::text, ',') as parts
  from failures
  group by task, type, message
)`

/** Many failures have the very same message, so it is blanked once for all of them. */
export const groupErrorsSql = `
with ${newest}
select darkroom.fingerprint(task, type, blanked) as fingerprint, task, type, blanked as message, sum(count)::int as count,
  min(first_at) as first_at, max(last_at) as last_at, (array_agg(sample order by last_at desc))[1] as sample,
  string_agg(parts, ',') as parts
from alike
group by task, type, blanked
order by count desc, last_at desc
limit $4`

export const failuresAlikeSql = `
with ${newest}
select f.id, f.queue, f.worker, f.attempts, f.finished_at, f.message
from alike a
join failures f on f.task = a.task and f.type is not distinct from a.type and f.message is not distinct from a.message
where darkroom.fingerprint(a.task, a.type, a.blanked) = $5
order by f.finished_at desc
limit $4`

interface Asked {
  from: Date
  /** Kinds to look at, null for any, and kinds to leave out. */
  tasks: string[] | null
  not: string[]
}

const values = ({ from, tasks, not }: Asked) => [from, tasks, not]

/** Failures by kind, type and message without its numbers, ids and paths; the most frequent first. */
export async function groupErrors(pool: Pool, asked: Asked, limit: number): Promise<ErrorGroup[]> {
  const statement = { name: 'group errors', text: groupErrorsSql, values: [...values(asked), limit] }
  const { rows } = await pool.query<Omit<ErrorGroup, 'trend'> & { parts: string }>(statement)
  return rows.map(({ parts, ...group }) => ({ ...group, trend: trendOf(parts) }))
}

/** From the numbers of the parts in which failures fell, from 1 on. */
function trendOf(list: string) {
  const counts = Array<number>(parts).fill(0)
  for (const part of list.split(',')) counts[Math.min(Math.max(Number(part), 1), parts) - 1]!++
  return counts
}

/** The newest failures of a group. */
export async function failuresAlike(pool: Pool, asked: Asked, fingerprint: string, limit: number) {
  const statement = { name: 'failures alike', text: failuresAlikeSql, values: [...values(asked), limit, fingerprint] }
  return (await pool.query<FailedTask>(statement)).rows
}
