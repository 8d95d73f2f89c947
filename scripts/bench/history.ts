import { randomUUID } from 'node:crypto'
import type { ClientBase, Pool } from 'pg'

export const kinds = Array.from({ length: 10 }, (_, kind) => `kind_${kind}`)
export const queues = ['default', 'media', 'high_priority', 'low_priority']
export const days = 30

// Rows at a time: a statement for all would sort on disk.
const portion = 1_000_000

/**
 * Inserts so many finished tasks of the last month, each with its job, its attempt and its events. Their ids grow with
 * time, as those of submitted tasks do, and so do their places in the tables.
 */
export async function fillHistory(database: Pick<ClientBase | Pool, 'query'>, count: number) {
  const begun = performance.now()
  for (let filled = 0; filled < count; filled += portion) {
    const from = days * (1 - filled / count)
    const until = days * (1 - Math.min(count, filled + portion) / count)
    await fillPortion(database, Math.min(portion, count - filled), from, until)
  }
  for (const table of ['darkroom.tasks', 'darkroom.attempts', 'darkroom.events', 'pgboss.job']) {
    await database.query(`vacuum (analyze) ${table}`)
  }
  // The role of the service may not run a checkpoint; Postgres then makes one by itself.
  await database.query('checkpoint').catch(() => {})
  console.log(
    `${count} finished tasks of the last ${days} days in ${((performance.now() - begun) / 1000).toFixed(0)} s`
  )
}

/** Tasks of the time between so many days ago and so many. */
async function fillPortion(database: Pick<ClientBase | Pool, 'query'>, count: number, from: number, until: number) {
  const worker = randomUUID()
  await database.query(
    `insert into darkroom.tasks (
      id, task, queue, state, args, attempts, result_expires, progress, error, created_at, started_at, finished_at, worker
    )
    select
      uuidv7(at - now()), ($2::text[])[1 + floor(random() * 10)], ($3::text[])[1 + floor(random() * 4)], state,
      '{"data": "hello"}', 1, 2592000, case when state = 'SUCCESS' then 1 end,
      case when state <> 'SUCCESS' then '{"type": "Error", "message": "no"}'::jsonb end,
      at, at + interval '10 ms', at + interval '100 ms', $6::uuid
    from (
      select
        case when luck < 0.01 then 'FAILURE' when luck < 0.011 then 'REVOKED' else 'SUCCESS' end as state,
        now() - ($4::float8 - ($4::float8 - $5::float8) * number / $1) * interval '1 day' as at
      from (select number, random() as luck from generate_series(1, $1::int) number) drawn
    ) task`,
    [count, kinds, queues, from, until, worker]
  )
  const ours = `from darkroom.tasks where worker = '${worker}' order by id`
  await database.query(
    `insert into pgboss.job (
      id, name, data, policy, retry_limit, expire_seconds, deletion_seconds, keep_until, state, created_on, started_on,
      completed_on, output
    )
    select
      id, queue, jsonb_build_object('task', task), 'standard', 0, 60, result_expires, 'infinity',
      case state when 'SUCCESS' then 'completed' when 'FAILURE' then 'failed' else 'cancelled' end::pgboss.job_state,
      created_at, started_at, finished_at, '{"processed_data": "HELLO"}'
    ${ours}`
  )
  await database.query(
    `insert into darkroom.attempts (task_id, number, worker, started_at, finished_at, outcome, peak_memory)
    select id, 1, worker, started_at, finished_at,
      case state when 'SUCCESS' then 'success' when 'FAILURE' then 'failure' else 'cancelled' end, 60000000 ${ours}`
  )
  await database.query(
    `insert into darkroom.events (task_id, at, state, attempt)
    select id, at, change.state, attempt from (select * ${ours}) task
    cross join lateral (
      values (created_at, 'PENDING', 0), (started_at, 'STARTED', 1), (finished_at, task.state, 1)
    ) change (at, state, attempt)`
  )
}
