import t from 'tap'
import { connect, throughIndexes } from '../../../src/database/connect.ts'
import { countTasks } from '../../../src/tasks/counts/counts.ts'
import { histogram } from '../../../src/tasks/counts/histogram.ts'
import { readFilters } from '../../../src/tasks/listing/filters.ts'
import { openService } from '../../harness/service.ts'
import { addTasks, filters, scheduled } from '../listing/examples.ts'

const service = await openService(t)
const db = connect(service.url, { name: 'test', max: 2, settings: throughIndexes })
t.teardown(() => db.close())
await addTasks(db.pool)

const status = `case
  when ${scheduled} then 'SCHEDULED' when state = 'PENDING' then 'PENDING' when state = 'STARTED' then 'PROCESSING'
  when state = 'RETRY' then 'RETRYING' when state = 'SUCCESS' then 'COMPLETED' when state = 'FAILURE' then 'FAILED'
  else 'CANCELLED' end`

async function expected(condition: string, by: string[]) {
  const { rows } = await db.pool.query(
    `select ${by.join(', ')}, count(*)::int as count, true as exact
    from (select *, ${status} as status from darkroom.tasks) t where ${condition} group by ${by.join(', ')}`
  )
  return sorted(rows)
}

function sorted(items: object[]) {
  return items.map(item => JSON.stringify(Object.entries(item).sort())).sort()
}

async function counts(query: Record<string, unknown>) {
  const response = await service.get(`/api/tasks/counts?${new URLSearchParams(query as Record<string, string>)}`)
  if (response.statusCode !== 200) throw new Error(response.body)
  return response.json()
}

for (const [what, filter, condition] of filters) {
  t.test(`the numbers of ${what} are those of a plain query`, async t => {
    const all = ['status', 'queue', 'task']
    const { items, searched_until, as_of } = await counts({ ...filter, by: all.join() })

    t.strictSame(sorted(items), await expected(condition, all))
    t.equal(searched_until, null)
    t.ok(Date.parse(as_of) <= Date.now())
    t.strictSame(sorted((await counts({ ...filter, by: 'queue' })).items), await expected(condition, ['queue']))
    const byStatus = (await counts(filter)).items
    t.strictSame(sorted(byStatus.filter(({ count }: any) => count > 0)), await expected(condition, ['status']))
  })
}

t.test('by status alone each status is counted, in the order of a life', async t => {
  const { items } = await counts({ task: 'nothing_such' })

  t.strictSame(
    items.map(({ status, count }: any) => [status, count]),
    ['SCHEDULED', 'PENDING', 'PROCESSING', 'RETRYING', 'COMPLETED', 'FAILED', 'CANCELLED'].map(each => [each, 0])
  )
})

t.test('what no word is is refused', async t => {
  for (const [query, field] of [
    ['by=state', 'by'],
    ['by=', 'by'],
    ['status=DONE', 'status'],
    ['limit=3', 'limit']
  ] as const) {
    const response = await service.get(`/api/tasks/counts?${query}`)
    t.match(response.json(), { status: 400, errors: [{ field }] }, query)
  }
  for (const [query, field] of [
    ['from=2030-01-01T00:00:00Z&to=2029-01-01T00:00:00Z', 'from'],
    ['buckets=0', 'buckets'],
    ['buckets=501', 'buckets'],
    ['to=now', 'to']
  ] as const) {
    const response = await service.get(`/api/tasks/histogram?${query}`)
    t.match(response.json(), { status: 400, errors: [{ field }] }, query)
  }
  for (const [query, status] of [
    ['from=0001-01-01T00:00:00Z', 200],
    ['to=0001-01-01T00:00:00Z', 400],
    ['to=9999-12-31T23:59:59Z', 200]
  ] as const) {
    t.equal((await service.get(`/api/tasks/histogram?${query}`)).statusCode, status, query)
  }
})

t.test('a count that runs out of time says how far it came, and that there are more', async t => {
  const asked = readFilters({ q: 'task' }, [])

  const { counts, searchedUntil } = await countTasks(db.pool, asked, { budget: -1, firstSlice: 300 })

  const { rows } = await db.pool.query('select count(*)::int from darkroom.tasks where created_at >= $1', [
    searchedUntil
  ])
  const sum = counts.reduce((all, { count }) => all + count, 0)
  t.ok(sum > 0 && sum <= rows[0].count)
  t.ok(counts.every(({ exact }) => !exact))
})

t.test('more than can be counted in time is estimated', async t => {
  const many = 120_000
  await db.pool.query(
    `insert into darkroom.tasks (id, task, queue, state, result_expires, created_at, finished_at)
    select gen_random_uuid(), case when n % 3 = 0 then 'often' else 'oftener' end, case when n % 3 = 0 then 'a' else 'b' end,
      'SUCCESS', 60, now() - interval '1 day', now()
    from generate_series(1, ${many}) n`
  )
  await db.pool.query('vacuum analyze darkroom.tasks')

  const { items } = await counts({ task: '-add', by: 'status' })
  const completed = items.find(({ status }: any) => status === 'COMPLETED')
  t.equal(completed.exact, false)
  t.ok(completed.count > many / 5 && completed.count < 2 * many, `${completed.count}`)
  t.ok(items.every(({ status, exact }: any) => exact || status === 'COMPLETED'))
  const whole = await counts({ by: 'task,status' })
  const oftener = whole.items.find(({ task }: any) => task === 'oftener')
  // Each kind has a queue of its own, which Postgres does not know.
  t.ok(oftener.count > many / 2 && oftener.count < many, `${oftener.count}`)
  await db.pool.query(`delete from darkroom.tasks where task like 'often%'`)
})

t.test('a histogram has the numbers of each part of the time, by status', async t => {
  const from = new Date(Date.now() - 3 * 3_600_000)
  const to = new Date()
  const range = { from: from.toISOString(), to: to.toISOString(), buckets: 12 }
  const plain = async (condition: string) => {
    const { rows } = await db.pool.query(
      `select floor(extract(epoch from created_at - $1) / 900)::int as part, ${status} as status, count(*)::int as count
      from darkroom.tasks where created_at >= $1 and created_at < $2 and (${condition}) group by 1, 2`,
      [from, to]
    )
    return rows.map(({ part, status, count }) => `${part} ${status} ${count}`).sort()
  }
  const flat = (items: Record<string, any>[]) =>
    items
      .flatMap(({ at, ...counts }, part) => {
        if (Date.parse(at) !== from.getTime() + part * 900_000) throw new Error(`${at} is not part ${part}`)
        return Object.entries(counts).map(([status, count]) => (count > 0 ? `${part} ${status} ${count}` : ''))
      })
      .filter(Boolean)
      .sort()

  for (const [what, filter, condition] of filters) {
    const query = new URLSearchParams({ ...(filter as Record<string, string>), ...(range as any) })
    const answer = (await service.get(`/api/tasks/histogram?${query}`)).json()
    t.equal(answer.items.length, 12)
    t.match(answer, { step: 900, searched_until: null })
    t.strictSame(flat(answer.items), await plain(condition), what)
  }
  const late = await histogram(db.pool, range, {}, [], { budget: -1, firstSlice: 300 })
  t.ok(late.searched_until !== null && late.searched_until > range.from)
})
