import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import t from 'tap'
import { connect, type Database, throughIndexes } from '../../../src/database/connect.ts'
import { countTasks } from '../../../src/tasks/counts/counts.ts'
import { histogram } from '../../../src/tasks/counts/histogram.ts'
import { readFilters } from '../../../src/tasks/listing/filters.ts'
import { listTasks } from '../../../src/tasks/listing/list.ts'
import type { TaskFilters } from '../../../src/tasks/listing/schemas.ts'
import { borrowDatabase } from '../../harness/database.ts'

const many = 20_000
const db = connect(await borrowDatabase(t), { name: 'plans', max: 1, settings: throughIndexes })
t.teardown(() => db.close())
const [schedule, film] = [randomUUID(), randomUUID()]

// Finished ones, but for one of fifty; a few of a schedule and of a film.
await db.pool.query(
  `insert into darkroom.tasks (
    id, task, queue, state, result_expires, error, eta, schedule_id, video_id, created_at, started_at, finished_at
  )
  select
    gen_random_uuid(), (array['add', 'sleep', 'process_data'])[1 + n % 3], 'default', state, 60,
    case when state = 'FAILURE' then '{"type": "Error", "message": "no"}'::jsonb end,
    case when state = 'PENDING' then now() + n * interval '1 second' end,
    case when n % 1000 = 3 then $1::uuid end, case when n % 1000 = 4 then $2::uuid end, at, at,
    case when state in ('SUCCESS', 'FAILURE') then at end
  from (
    select
      n, now() - n * interval '1 second' as at,
      case when n % 50 = 0 then 'PENDING' when n % 500 = 1 then 'STARTED' when n % 200 = 2 then 'FAILURE' else 'SUCCESS' end as state
    from generate_series(1, ${many}) n
  ) task`,
  [schedule, film]
)
await db.pool.query('vacuum analyze darkroom.tasks')

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Heap Fetches'?: number
  Plans?: Plan[]
}

/** Rows of tables that a plan looked at; those of an index alone do not count. */
function looked(plan: Plan): number {
  const rows = (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops']
  const here = plan['Node Type'] === 'Index Only Scan' ? (plan['Heap Fetches'] ?? 0) : plan['Relation Name'] ? rows : 0
  return here + (plan.Plans ?? []).reduce((sum, each) => sum + looked(each), 0)
}

/** A database that counts, for each statement, the rows that it looks at. */
function counted(counts: number[]): Database {
  const query = async (statement: { name: string; text: string; values: unknown[] }) => {
    const { rows } = await db.pool.query(`explain (analyze, format json) ${statement.text}`, statement.values)
    counts.push(looked(rows[0]['QUERY PLAN'][0].Plan))
    return db.pool.query(statement)
  }
  return { ...db, pool: { query } as unknown as Pool }
}

// With the rows of the page itself, 50 tasks and their jobs.
const lists: [string, TaskFilters, number][] = [
  ['everything', {}, 60],
  ['the oldest', { order: 'oldest' }, 60],
  ['two statuses', { status: 'FAILED,PROCESSING' }, 60],
  ['all but completed', { status: '-COMPLETED', task: '-sleep' }, 60],
  ['the soonest of those whose time is to come', { status: 'SCHEDULED', order: 'soonest' }, 500],
  ['the longest of those that run', { status: 'PROCESSING', order: 'longest' }, 150],
  ['the tasks of a schedule', { schedule_id: schedule }, 60],
  ['the tasks of a film', { video_id: film, order: 'oldest' }, 60],
  ['failures by their error', { error: 'no', status: 'FAILED' }, 200]
]
for (const [what, filters, most] of lists) {
  t.test(`a list of ${what} reads what it shows`, async t => {
    const first: number[] = []
    const { next_cursor, items } = await listTasks(counted(first), filters)
    const second: number[] = []
    if (next_cursor) await listTasks(counted(second), { ...filters, cursor: next_cursor })

    t.ok(items.length > 0)
    t.equal(first.length, 2, 'ids, then their rows')
    for (const rows of [...first, ...second]) t.ok(rows <= most, `${rows} rows`)
  })
}

t.test('a search reads no more than its slices', async t => {
  const counts: number[] = []

  await listTasks(counted(counts), { q: 'nothing such' }, [], { budget: -1, firstSlice: 1_000 })

  t.ok(counts[0]! <= 1_100, `${counts[0]} rows`)
})

t.test('counts and charts read index rows, and of waiting tasks alone the rows themselves', async t => {
  const counts: number[] = []
  const { pool } = counted(counts)

  await countTasks(pool, readFilters({}, []))
  const from = new Date(Date.now() - 3_600_000).toISOString()
  await histogram(pool, { from }, {}, [])

  t.ok(counts.length >= 3)
  for (const rows of counts) t.ok(rows <= 500, `${rows} rows`)
})
