import type { ClientBase } from 'pg'
import { fillHistory, queues } from '../bench/history.ts'

/** Rows that statements are asked about. */
export interface Sample {
  finished: string
  waiting: string
  delayed: string
  running: string
  /** Where the job of the running task is. */
  place: string
  worker: string
  film: string
  upload: string
  lease: string
  schedule: string
  webhook: string
  message: string
  /** How many tasks wait for a worker. */
  backlog: number
}

export const runningTasks = 20
const schedules = 500

/** A history of so many tasks, and in proportion everything else that grows. */
export async function fill(client: ClientBase, count: number): Promise<Sample> {
  await fillHistory(client, count)
  const part = Math.max(100, Math.round(count / 50))
  await fillUnfinished(client, part)
  await fillFilms(client, part)
  await fillSchedules(client, part)
  await fillCharts(client)
  await fillMessages(client, count)
  await fillProblems(client, count / 20)
  await client.query(
    `insert into darkroom.idempotency_keys (key, request, created_at)
    select 'key ' || n, '', now() - n * interval '1 day' / $1::int from generate_series(1, $1::int) n`,
    [part]
  )
  await client.query('vacuum (analyze)')
  return sampleOf(client)
}

/** Tasks that wait for a worker, for their time or for an attempt, and those that run, with what was said of them. */
async function fillUnfinished(client: ClientBase, part: number) {
  await client.query(
    `insert into darkroom.workers (id, host, pid, version, queues, kinds, concurrency, status, stopped_at)
    select gen_random_uuid(), 'host', n, 'test', $1, '{kind_1}', 2, case when n > 10 then 'stopped' else 'running' end,
      case when n > 10 then now() - interval '1 hour' end
    from generate_series(1, 60) n`,
    [queues]
  )
  await client.query(
    `with task as (
      insert into darkroom.tasks (
        id, task, queue, state, attempts, result_expires, created_at, eta, expires_at, started_at, worker
      )
      select uuidv7(), 'kind_' || n % 10, ($2::text[])[1 + n % 4], state, case state when 'PENDING' then 0 else 1 end, 86400,
        now() - (1 + n % 600) * interval '1 second', case when n % 4 = 3 then now() + n * interval '1 second' end,
        case when n % 2 = 1 then now() + n * interval '1 minute' end, case when state <> 'PENDING' then now() end,
        case when state = 'STARTED' then (select id from darkroom.workers where status = 'running' order by id limit 1) end
      from (
        select n, case when n <= $3 then 'STARTED' when n % 100 = 0 then 'RETRY' else 'PENDING' end as state
        from generate_series(1, $1::int) n
      ) numbered
      returning *
    ), job as (
      insert into pgboss.job (
        id, name, data, policy, retry_limit, expire_seconds, deletion_seconds, keep_until, state, created_on, started_on,
        start_after
      )
      select id, case when eta > now() then 'delayed' else queue end, jsonb_build_object('task', task), 'standard',
        2147483647, 2147483647, result_expires, 'infinity',
        case state when 'STARTED' then 'active' when 'RETRY' then 'retry' else 'created' end::pgboss.job_state, created_at,
        started_at, greatest(created_at, eta)
      from task
    ), event as (
      insert into darkroom.events (task_id, state) select id, state from task
    )
    insert into darkroom.deadlines (expires_at, task_id) select expires_at, id from task where expires_at is not null`,
    [part * 2, queues, runningTasks]
  )
  await client.query(
    `insert into darkroom.attempt_logs (task_id, attempt, said, tail)
    select id, 1, 5, 'hello' from darkroom.tasks where state = 'STARTED' or state = 'FAILURE'`
  )
}

async function fillFilms(client: ClientBase, part: number) {
  await client.query(
    `with film as (
      insert into darkroom.films (id, filename, bytes, sha256, task_id, print_set_id, created_at)
      select uuidv7(), 'film ' || n || '.mp4', 1000, md5(n::text), gen_random_uuid(), gen_random_uuid(),
        now() - n * interval '1 minute'
      from generate_series(1, $1::int) n returning *
    ), task as (
      insert into darkroom.tasks (id, task, queue, state, result_expires, video_id, created_at, finished_at)
      select task_id, 'process_video', 'media', 'SUCCESS', 86400, id, created_at, created_at from film
    ), upload as (
      insert into darkroom.uploads (id, filename, length, received, video_id, expires_at)
      select id, filename, bytes, bytes, id, now() + interval '1 day' from film
    ), printed as (
      insert into darkroom.print_sets (id, video_id, task_id, attempt, probe)
      select print_set_id, id, task_id, 1, '{}' from film returning id
    ), extra as (
      insert into darkroom.extras (set_id, name, bytes, storage_key) select id, name, 1000, name
      from printed cross join unnest(array['poster.jpg', 'preview.webp', 'storyboard.vtt', 'storyboard-0.jpg']) name
    )
    insert into darkroom.prints (set_id, name, status) select id, name, 'skipped'
    from printed cross join unnest(array['480p', '720p', '1080p']) name`,
    [part]
  )
  await client.query(
    `insert into darkroom.uploads (id, filename, length, lease, leased_until, expires_at)
    select uuidv7(), 'film.mp4', 1000, gen_random_uuid(), now() + interval '1 day', now() + n * interval '1 minute'
    from generate_series(1, $1::int) n`,
    [part]
  )
}

/** All of them are planned and have their alarm. */
async function fillSchedules(client: ClientBase, part: number) {
  await client.query(
    `with schedule as (
      insert into darkroom.schedules (id, name, task, cron, next_run_at, planned_at, armed_for, tzdata)
      select uuidv7(), 'schedule ' || n, 'kind_1', '0 * * * *', at, now(), at, '2025b'
      from (select n, now() + n * interval '1 minute' as at from generate_series(1, $1::int) n) numbered
      returning *
    ), alarm as (
      insert into pgboss.job (name, data, start_after) select 'due', '{}', next_run_at from schedule
    )
    insert into pgboss.schedule (name, key, cron, timezone) select 'due', id::text, cron, timezone from schedule`,
    [schedules]
  )
  await client.query(
    `insert into darkroom.occurrences (schedule_id, due_at, outcome, reason)
    select id, now() - n * interval '1 minute', 'skipped', 'missed'
    from (select id from darkroom.schedules limit 20) schedule cross join generate_series(1, $1::int) n`,
    [Math.ceil(part / 10)]
  )
}

/** As many minutes and hours as are kept. */
async function fillCharts(client: ClientBase) {
  await client.query(`
    insert into darkroom.minutes (minute, task, queue, created, run_hist, wait_hist)
      select date_trunc('minute', now(), 'UTC') - n * interval '1 minute', 'kind_' || kind, 'default', 1, '{1,2,3}', '{1,2,3}'
      from generate_series(0, 2880) n cross join generate_series(0, 4) kind;
    insert into darkroom.queue_minutes (minute, queue, depth, oldest, running, next_sample_at)
      select minute, queue, 1, 1, 1, now() - interval '1 second'
      from (select distinct minute from darkroom.minutes) minutes cross join unnest('{default,media}'::text[]) queue;
    insert into darkroom.hours (hour, task, queue, created, run_hist)
      select date_trunc('hour', now(), 'UTC') - n * interval '1 hour', 'kind_' || kind, 'default', 1, '{1,2,3}'
      from generate_series(1, 720) n cross join generate_series(0, 4) kind;
    insert into darkroom.queue_hours (hour, queue, depth, oldest, running)
      select distinct hour, 'default', 1, 1, 1 from darkroom.hours`)
}

/** Webhooks of which one is ordered, with messages of which one in fifty waits. */
async function fillMessages(client: ClientBase, count: number) {
  await client.query(
    `insert into darkroom.webhooks (id, url, types, secret, ordered)
    select uuidv7(), 'https://example.com', '{}', sha256('x'), n = 1 from generate_series(1, 5) n`
  )
  await client.query(
    `with message as (
      insert into darkroom.webhook_messages (
        id, webhook_id, type, subject, task_id, data, created_at, next_at, delivered_at, attempts
      )
      select uuidv7(-(n || ' seconds')::interval), w.id, 'task.completed', case when w.ordered then gen_random_uuid() end,
        gen_random_uuid(), '{"queue": "default"}', now() - n * interval '1 second',
        case when n % 100 = 0 then now() when n % 100 = 1 then now() + interval '1 hour' end,
        case when n % 100 > 1 then now() end, 1
      from generate_series(1, $1::int / 5) n cross join darkroom.webhooks w
      returning id, created_at
    )
    insert into darkroom.webhook_attempts (message_id, number, at, ms, status) select id, 1, created_at, 5, 204 from message`,
    [count]
  )
}

/** Problems that have closed, one each five minutes. */
async function fillProblems(client: ClientBase, count: number) {
  await client.query(
    `insert into darkroom.problems (
      id, code, subject_type, subject_id, sentence, severity, actions, first_seen_at, severity_at, last_seen_at, opened_at,
      gone_at, closed_at
    )
    select uuidv7(), 'queue_old', 'queue', n::text, 'x', 'warning', '[]', at, at, at, at, at, at
    from generate_series(1, $1::int) n cross join lateral (select now() - n * interval '5 minutes' as at) moment`,
    [count]
  )
}

async function sampleOf(client: ClientBase): Promise<Sample> {
  const one = async (text: string) => (await client.query(`${text} limit 1`)).rows[0]
  const { id: running, worker } = await one(`select id, worker from darkroom.tasks where state = 'STARTED'`)
  const { id: upload, lease } = await one('select id, lease from darkroom.uploads where lease is not null')
  const waits = `select id from darkroom.tasks where state = 'PENDING' and eta is`
  return {
    ...{ running, worker, upload, lease },
    finished: (await one(`select id from darkroom.tasks where state = 'FAILURE' order by id desc`)).id,
    waiting: (await one(`${waits} null`)).id,
    delayed: (await one(`${waits} not null`)).id,
    place: (await one(`select ctid::text as place from pgboss.job where id = '${running}'`)).place,
    webhook: (await one('select id from darkroom.webhooks')).id,
    message: (await one('select id from darkroom.webhook_messages where delivered_at is not null')).id,
    film: (await one('select id from darkroom.films')).id,
    schedule: (await one('select schedule_id as id from darkroom.occurrences')).id,
    backlog: (await one(`select count(*)::int as count from pgboss.job where state < 'active' and name <> 'due'`)).count
  }
}
