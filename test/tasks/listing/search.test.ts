import { randomUUID } from 'node:crypto'
import t from 'tap'
import { connect, throughIndexes } from '../../../src/database/connect.ts'
import { listTasks } from '../../../src/tasks/listing/list.ts'
import type { TaskFilters } from '../../../src/tasks/listing/schemas.ts'
import { waitingForLocks } from '../../harness/locks.ts'
import { openService } from '../../harness/service.ts'

const service = await openService(t)
const db = connect(service.url, { name: 'test', max: 2, settings: throughIndexes })
t.teardown(() => db.close())
const [worker, other] = [randomUUID(), randomUUID()]

// Many tasks share a time, as those of a bulk submission do.
await db.pool.query(
  `insert into darkroom.tasks (id, task, queue, state, result_expires, name, tags, worker, created_at, finished_at)
  select
    gen_random_uuid(), (array['add', 'sleep', 'process_data'])[1 + n % 3], (array['default', 'media'])[1 + n % 2],
    case when n % 7 = 0 then 'FAILURE' else 'SUCCESS' end, 60, case when n % 10 = 0 then 'Needle ' || n end,
    case when n % 11 = 0 then '{red}'::text[] else '{}' end, case when n % 13 = 0 then $1::uuid end, at, at
  from (
    select n, case when n % 4 = 0 then now() - interval '1 hour' else now() - n * interval '1 second' end as at
    from generate_series(1, 2000) n
  ) task`,
  [worker]
)

async function expected(condition: string): Promise<string[]> {
  const { rows } = await db.pool.query(
    `select id from darkroom.tasks where ${condition} order by created_at desc, id desc`
  )
  return rows.map(({ id }) => id)
}

async function walk(filters: TaskFilters, limits?: { budget: number; firstSlice: number }) {
  const ids: string[] = []
  const stops: string[] = []
  for (let cursor: string | undefined; ; ) {
    const asked = { ...filters, ...(cursor !== undefined && { cursor }) }
    const { items, next_cursor, searched_until } = await listTasks(db, asked, [], limits)
    ids.push(...items.map(({ id }) => id))
    if (searched_until !== null) stops.push(searched_until)
    if (next_cursor === null) return { ids, stops }
    if (next_cursor === cursor) throw new Error('it does not get on')
    cursor = next_cursor
  }
}

const searches: [string, TaskFilters, string][] = [
  ['a part of the name', { q: 'needle' }, `name ilike '%needle%'`],
  ['a name that no task has', { q: 'haystack' }, 'false'],
  ['two hundred wildcards', { q: '%'.repeat(200) }, 'false'],
  ['two hundred backslashes', { q: '\\'.repeat(200) }, 'false'],
  ['a tag', { tag: 'red' }, `'red' = any(tags)`],
  ['a worker', { worker }, `worker = '${worker}'`],
  ['a worker that ran nothing', { worker: other }, 'false'],
  ['all of them', { q: 'needle', tag: 'red', worker }, `name is not null and 'red' = any(tags) and worker is not null`],
  ['a failure with a tag', { tag: 'red', state: 'FAILURE' }, `'red' = any(tags) and state = 'FAILURE'`],
  [
    'a kind in a queue',
    { q: 'needle', task: 'add', queue: 'default' },
    `name is not null and task = 'add' and queue = 'default'`
  ]
]
for (const [what, filters, condition] of searches) {
  t.test(`a search for ${what} finds what a plain query finds`, async t => {
    const ids = await expected(condition)

    for (const limit of [7, 1_000]) {
      t.strictSame(await walk({ ...filters, limit }), { ids, stops: [] }, `in time, ${limit} a page`)
      const limits = { budget: -1, firstSlice: 60 }
      const late = await walk({ ...filters, limit }, limits)
      t.strictSame(late.ids, ids, `out of time after each slice, ${limit} a page`)
      t.ok(late.stops.length > 0)
      t.strictSame(late.stops, late.stops.toSorted().reverse(), 'each further than the one before')
    }
  })
}

t.test('an id is found alone, where the other filters allow it', async t => {
  const [id] = await expected(`name is not null and state = 'FAILURE'`)

  t.match(await walk({ q: id! }), { ids: [id] })
  t.match(await walk({ q: id!.toUpperCase(), state: 'FAILURE', created_before: '2999-01-01T00:00:00Z' }), { ids: [id] })
  t.strictSame((await walk({ q: id!, state: 'SUCCESS' })).ids, [])
  t.strictSame((await walk({ q: id!, worker: other })).ids, [])
  t.strictSame((await walk({ q: id!, created_before: '2020-01-01T00:00:00Z' })).ids, [])
})

t.test('internal kinds are listed only where the filter names one', async t => {
  const all = await expected(`task <> 'sleep'`)
  const sleeps = await expected(`task = 'sleep'`)
  const ids = async (filters: TaskFilters) => (await listTasks(db, filters, ['sleep'])).items.map(({ id }) => id)

  t.strictSame(await ids({ limit: 1_000 }), all.slice(0, 1_000))
  t.strictSame(await ids({ limit: 1_000, q: 'needle' }), await expected(`task <> 'sleep' and name is not null`))
  t.strictSame(await ids({ q: sleeps[0]! }), [])
  t.strictSame(await ids({ limit: 1_000, task: 'sleep' }), sleeps)
  t.strictSame(await ids({ q: sleeps[0]!, task: 'sleep' }), [sleeps[0]])
})

t.test('a read that Postgres cancels is too slow, which is no outage', async t => {
  const holder = connect(service.url, { name: 'holder', max: 1 })
  t.teardown(() => holder.close())
  await holder.pool.query('begin; lock table darkroom.tasks in access exclusive mode')
  const waiting = `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`

  const answer = service.get('/api/tasks?state=FAILURE')
  await waitingForLocks(service, 'the list waits')
  // As a statement_timeout would.
  await holder.pool.query(`select pg_cancel_backend(pid) from (${waiting}) waiting`)

  const { statusCode, headers, body } = await answer
  t.equal(statusCode, 504)
  t.match(JSON.parse(body), { code: 'TOO_SLOW' })
  t.equal(headers['retry-after'], undefined)
  await holder.pool.query('rollback')
})
