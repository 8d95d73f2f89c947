import pg from 'pg'
import t from 'tap'
import { borrowDatabase } from '../harness/database.ts'

const many = 20_000
// With Postgres's own settings: a DBA's session has none of ours.
const client = new pg.Client({ connectionString: await borrowDatabase(t) })
await client.connect()
t.teardown(() => client.end())

// Tasks of forty days; a few of today have failed, run or wait.
await client.query(`
  insert into darkroom.tasks (
    id, task, queue, state, result_expires, attempts, created_at, started_at, finished_at, error
  )
  select
    (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
      || substr(md5(n::text), 4, 15))::uuid,
    case n % 2 when 0 then 'add' else 'sleep' end, 'default',
    case when n % 500 = 0 then 'FAILURE' when n <= 20 then 'STARTED' when n <= 40 then 'PENDING' else 'SUCCESS' end,
    86400, 1, at, at, case when n % 500 = 0 or n > 40 then at + interval '1 second' end,
    case when n % 500 = 0 then '{"type": "Error", "message": "no 1"}'::jsonb end
  from (select n, now() - n * interval '40 days' / ${many} as at from generate_series(1, ${many}) n) tasks`)
await client.query(`
  insert into pgboss.job (id, name, data, state, created_on, start_after, completed_on, deletion_seconds)
  select id, queue, '{}', case when finished_at is null then 'created' else 'completed' end::pgboss.job_state,
    created_at, created_at, finished_at, 86400
  from darkroom.tasks`)
await client.query(
  `insert into darkroom.events (task_id, state) select id, 'PENDING' from darkroom.tasks, generate_series(1, 2)`
)
await client.query(`
  insert into darkroom.attempts (task_id, number, started_at, outcome) select id, 1, now(), 'success' from darkroom.tasks`)
await client.query(`
  insert into darkroom.films (id, filename, bytes, sha256, task_id)
  select id, 'a.mp4', 1, '', id from darkroom.tasks limit 5000`)
await client.query('vacuum analyze')
const { id } = (await client.query(`select id from darkroom.tasks offset 7000 limit 1`)).rows[0]
const film = (await client.query(`select id from darkroom.films offset 1000 limit 1`)).rows[0].id

interface Plan {
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: Plan[]
}

/** Rows of tables that a plan looked at, whether or not it kept them. */
function looked(plan: Plan): number {
  const here = plan['Relation Name'] === undefined ? 0 : plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)
  return here * plan['Actual Loops'] + (plan.Plans ?? []).reduce((sum, each) => sum + looked(each), 0)
}

const queries: [string, number][] = [
  [`select * from ops.tasks where id = '${id}'`, 10],
  ['select * from ops.tasks order by id desc limit 20', 100],
  [`select * from ops.tasks where state = 'FAILURE'`, 200],
  [
    `select * from ops.tasks where (state, task, queue) = ('SUCCESS', 'add', 'default') order by created_at desc limit 20`,
    100
  ],
  [`select * from ops.tasks where state = 'STARTED'`, 100],
  [`select * from ops.tasks where video_id = '${film}'`, 10],
  [`select * from ops.attempts where task_id = '${id}'`, 50],
  [`select * from ops.events where task_id = '${id}'`, 10],
  [`select * from ops.events where task_id = '${id}' order by id desc limit 5`, 10],
  [`select * from ops.videos where id = '${film}'`, 100],
  [`select * from ops.renditions where video_id = '${film}'`, 100],
  ['select * from ops.videos order by created_at desc, id desc limit 5', 500],
  ['select * from ops.schedules', 10],
  [`select * from ops.occurrences where schedule_id = '${id}'`, 10],
  [`select * from ops.schedules where name = 'nightly'`, 10],
  [`select * from ops.occurrences where schedule = 'nightly' order by due_at desc limit 20`, 10],
  ['select * from ops.workers', 10],
  ['select * from ops.kinds', 10],
  ['select * from ops.queue_depth', 500],
  ['select * from ops.stuck_tasks', 500],
  ['select * from ops.slow_tasks', 2_500],
  ['select * from ops.failure_summary', 500],
  ['select * from ops.kinds_by_hour', 2_500],
  ['select * from ops.locks', 10]
]

for (const [query, most] of queries) {
  t.test(`${query} looks at few rows`, async t => {
    const { rows } = await client.query(`explain (analyze, format json) ${query}`)

    const count = looked(rows[0]['QUERY PLAN'][0].Plan)
    t.ok(count <= most, `${count} of at most ${most}`)
  })
}

t.test('sizes looks at the tasks of a day and at the catalog', async t => {
  const { rows } = await client.query('explain (analyze, format json) select * from ops.sizes')
  const tasks = (plan: Plan): number =>
    (plan['Relation Name'] === 'tasks' ? plan['Actual Rows'] * plan['Actual Loops'] : 0) +
    (plan.Plans ?? []).reduce((sum, each) => sum + tasks(each), 0)

  t.ok(tasks(rows[0]['QUERY PLAN'][0].Plan) <= 2_500)
})
