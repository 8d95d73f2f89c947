import t from 'tap'
import { openService } from '../../harness/service.ts'
import { walk } from '../../harness/walk.ts'

const service = await openService(t)
const { pool } = service.db

const states = ['PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED']
const kinds = ['add', 'sleep', 'process_data', 'gone_kind', `it's "odd", %_\\`]
const queues = ['default', 'media', 'high_priority', 'gone_queue']

// Times to the millisecond, so that many tasks share one, and to the microsecond, which no JavaScript Date has. Some
// combinations have one task or none.
await pool.query(
  `insert into darkroom.tasks (id, task, queue, state, result_expires, created_at, started_at, finished_at)
  select
    gen_random_uuid(), ($1::text[])[1 + floor(5 * luck * random())], ($2::text[])[1 + floor(4 * random() * random())],
    state, 60, at, at, case when state in ('SUCCESS', 'FAILURE', 'REVOKED') then at end
  from (
    select
      random() as luck,
      ($3::text[])[case when random() < 0.7 then 4 else 1 + floor(6 * random()) end] as state,
      case
        when n % 3 = 0 then date_trunc('milliseconds', now() - random() * interval '300 milliseconds')
        else now() - random() * interval '1 hour'
      end as at
    from generate_series(1, 3000) n
  ) drawn`,
  [kinds, queues, states]
)

interface Filters {
  state?: string
  task?: string
  queue?: string
  created_after?: string
  created_before?: string
}

/** The expected list, computed as plainly as possible. */
async function expected({ state, task, queue, created_after, created_before }: Filters): Promise<string[]> {
  const { rows } = await pool.query(
    `select id from darkroom.tasks
    where ($1::text is null or state = $1) and ($2::text is null or task = $2) and ($3::text is null or queue = $3)
      and ($4::timestamptz is null or created_at > $4) and ($5::timestamptz is null or created_at < $5)
    order by created_at desc, id desc`,
    [state, task, queue, created_after, created_before]
  )
  return rows.map(({ id }) => id)
}

async function page(filters: Filters, limit: number, cursor?: string) {
  const task = filters.task && { task: filters.task.replaceAll(/[\\,]/g, '\\$&') }
  const query = new URLSearchParams({
    ...filters,
    ...task,
    limit: String(limit),
    ...(cursor !== undefined && { cursor })
  })
  const response = await service.get(`/api/tasks?${query}`)
  if (response.statusCode !== 200) throw new Error(response.body)
  return response.json()
}

async function paged(filters: Filters, limit: number): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | undefined; ; ) {
    const { items, next_cursor } = await page(filters, limit, cursor)
    ids.push(...items.map(({ id }: { id: string }) => id))
    if (next_cursor === null) return ids
    if (items.length !== limit) throw new Error(`A page of ${items.length} that is not the last`)
    cursor = next_cursor
  }
}

const { rows: moments } = await pool.query(
  `select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
  from darkroom.tasks order by created_at desc, id desc`
)
const [recent, early] = [moments[200].at, moments[2_500].at]
const times: Filters[] = [
  {},
  { created_after: early },
  { created_before: recent },
  { created_after: early, created_before: recent }
]

t.test('every combination of filters finds the rows of a plain query, in the same order', async t => {
  let combinations = 0
  for (const state of [undefined, ...states]) {
    for (const task of [undefined, 'add', kinds[4]!, 'nothing_such']) {
      for (const queue of [undefined, 'default', 'gone_queue', 'nowhere']) {
        const wrong = []
        for (const time of times) {
          const filters = { ...(state && { state }), ...(task && { task }), ...(queue && { queue }), ...time }
          const ids = await expected(filters)
          const { items, next_cursor } = await page(filters, 60)
          combinations++
          const right =
            items.map(({ id }: { id: string }) => id).join() === ids.slice(0, 60).join() &&
            (next_cursor !== null) === ids.length > 60
          if (!right) wrong.push(filters)
        }
        t.strictSame(wrong, [], `${state ?? 'any state'}, ${task ?? 'any kind'}, ${queue ?? 'any queue'}`)
      }
    }
  }
  t.equal(combinations, 7 * 4 * 4 * 4)
})

const walks: [string, Filters, number][] = [
  ['everything, a thousand at a time', {}, 1_000],
  ['everything, and the last page is full', {}, 600],
  ['everything, in pages of a few', {}, 61],
  ['one state of many kinds and queues', { state: 'SUCCESS' }, 100],
  ['a rare state, one at a time', { state: 'RETRY', queue: 'media' }, 1],
  ['a kind', { task: 'add' }, 37],
  ['a queue between two moments', { queue: 'default', created_after: early, created_before: recent }, 50],
  ['what is all of the same few moments', { created_after: recent }, 7]
]
for (const [what, filters, limit] of walks) {
  t.test(`${what}: its pages have no gap and nothing twice`, async t => {
    const ids = await expected(filters)

    const found = await paged(filters, limit)

    t.ok(ids.length > 0)
    t.equal(found.length, ids.length)
    t.ok(found.join() === ids.join(), 'in the same order')
  })
}

t.test('a page continues after the one before, whatever tasks were added, changed and removed meanwhile', async t => {
  const filters = { state: 'FAILURE' }
  const ids = await expected(filters)
  const first = await page(filters, 20)

  await pool.query(
    `insert into darkroom.tasks (id, task, queue, state, result_expires, finished_at)
    select gen_random_uuid(), 'brand_new', 'default', 'FAILURE', 60, now() from generate_series(1, 30)`
  )
  // Even the task that the cursor names.
  await pool.query('delete from darkroom.tasks where id = any($1)', [ids.slice(15, 20)])
  const second = await page(filters, 20, first.next_cursor)

  t.strictSame(
    second.items.map(({ id }: { id: string }) => id),
    ids.slice(20, 40)
  )
})

t.test('a cursor may be used with other filters: it is a place in time', async t => {
  const { items, next_cursor } = await page({ state: 'SUCCESS' }, 10)
  const last = items.at(-1).id
  const all = await expected({})

  const next = await page({}, 10, next_cursor)

  const from = all.indexOf(last) + 1
  t.strictSame(
    next.items.map(({ id }: { id: string }) => id),
    all.slice(from, from + 10)
  )
})

const encoded = (text: string) => Buffer.from(text).toString('base64url')
const id = '01980000-0000-7000-8000-000000000000'
const strangers: Record<string, string> = {
  nothing: '',
  'a word': 'garbage',
  'another list': encoded('{"page":2}'),
  'an id alone': encoded(id),
  'a time alone': encoded('2026-01-01T00:00:00.000000Z'),
  'a time of milliseconds': encoded(`2026-01-01T00:00:00.000Z ${id}`),
  'a day that is not there': encoded(`2026-02-30T00:00:00.000000Z ${id}`),
  'the year 0': encoded(`0000-01-01T00:00:00.000000Z ${id}`),
  'half an id': encoded('2026-01-01T00:00:00.000000Z 01980000-0000'),
  'more than a cursor': encoded(`2026-01-01T00:00:00.000000Z ${id} or true`),
  SQL: encoded(`2026-01-01T00:00:00.000000Z ${id}'; drop table darkroom.tasks; --`),
  'a NUL': '%00',
  'very much': 'x'.repeat(4_000)
}
for (const [what, cursor] of Object.entries(strangers)) {
  t.test(`a foreign cursor is refused: ${what}`, async t => {
    const response = await service.get(`/api/tasks?cursor=${cursor}`)

    t.equal(response.statusCode, 400)
    t.match(response.json(), { code: what === 'a NUL' ? 'INVALID_REQUEST' : 'INVALID_CURSOR' })
  })
}

t.test('a list of no tasks at all is empty', async t => {
  const service = await openService(t)

  for (const query of ['', '?state=FAILURE', '?queue=media&task=add', '?q=x', '?limit=1000']) {
    t.strictSame((await service.get(`/api/tasks${query}`)).json(), {
      items: [],
      next_cursor: null,
      prev_cursor: null,
      searched_until: null
    })
  }
})

// Half of the texts hardly compress, so that both the size on disk and the one in an answer end a page.
t.test('a page ends where its tasks are large, and its cursors lead on and back', async t => {
  const count = 40
  await pool.query(
    `insert into darkroom.tasks (id, task, queue, state, result_expires, args, created_at, started_at, finished_at)
    select
      gen_random_uuid(), 'large', 'default', 'SUCCESS', 60,
      jsonb_build_object('data', case
        when n % 2 = 0 then repeat('x', 1000000)
        else (select string_agg(md5((n * 100000 + m)::text), '') from generate_series(1, 31250) m)
      end),
      now() - n * interval '1 second', now() - n * interval '1 minute', now()
    from generate_series(1, $1) n`,
    [count]
  )
  for (const order of ['newest', 'oldest', 'soonest', 'longest']) {
    await walk(t, service, `/api/tasks?task=large&order=${order}`, count)
  }
})
