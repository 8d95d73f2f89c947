import { randomUUID } from 'node:crypto'
import t from 'tap'
import { connect, throughIndexes } from '../../../src/database/connect.ts'
import { listTasks } from '../../../src/tasks/listing/list.ts'
import type { TaskFilters } from '../../../src/tasks/schemas.ts'
import { openService } from '../../harness/service.ts'

const service = await openService(t)
const db = connect(service.url, { name: 'test', max: 2, settings: throughIndexes })
t.teardown(() => db.close())
const [one, two] = [randomUUID(), randomUUID()]

// Tasks of every status, some with the same times.
await db.pool.query(
  `insert into darkroom.tasks (
    id, task, queue, state, result_expires, name, description, tags, worker, attempts, schedule_id, video_id, error, eta,
    created_at, started_at, finished_at
  )
  select
    gen_random_uuid(), (array['add', 'sleep', 'a,b', '-c'])[1 + n % 4], (array['default', 'media', 'odd'])[1 + n % 3],
    state, 60, 'task ' || n % 50, case when n % 9 = 0 then 'a needle, with a comma' end,
    (array['{}', '{red}', '{red,blue}', '{"x,y"}']::text[])[1 + n % 4]::text[],
    (array[null, $1, $2]::uuid[])[1 + n % 3], n % 5, (array[null, $1, $2]::uuid[])[1 + n / 3 % 3],
    (array[null, $1, $2]::uuid[])[1 + n / 9 % 3],
    case when state in ('FAILURE', 'REVOKED') then jsonb_build_object('type', 'Error', 'message', 'no ' || n % 4 || ', 50%') end,
    case
      when state = 'PENDING' and n % 3 > 0 then now() + interval '1 hour' + (n % 40) * interval '1 minute'
      when state = 'PENDING' then at + interval '10 seconds'
    end,
    at, case when state <> 'PENDING' then at + (n % 60) * interval '1 second' end,
    case when state in ('SUCCESS', 'FAILURE', 'REVOKED') then at + (n % 60 + n % 7) * interval '1 second' end
  from (
    select
      n, (array['SUCCESS', 'FAILURE', 'PENDING', 'STARTED', 'RETRY', 'REVOKED', 'SUCCESS'])[1 + n % 7] as state,
      now() - (n / 3) * interval '1 minute' - interval '1 minute' as at
    from generate_series(1, 420) n
  ) task`,
  [one, two]
)

const orders: Record<NonNullable<TaskFilters['order']>, string> = {
  newest: 'created_at desc, id desc',
  oldest: 'created_at, id',
  soonest: 'greatest(created_at, eta), id',
  longest: `coalesce(case state when 'STARTED' then now() - started_at else finished_at - started_at end, '-1') desc, id desc`
}
type Order = keyof typeof orders

async function expected(condition: string, order: Order = 'newest'): Promise<string[]> {
  const { rows } = await db.pool.query(`select id from darkroom.tasks where ${condition} order by ${orders[order]}`)
  return rows.map(({ id }) => id)
}

const usual = { budget: 2_000, firstSlice: 5_000 }
// Some rows of each of the 84 groups.
const late = { budget: -1, firstSlice: 800 }

/** All ids in the order of the list, and again on the way back from its end. */
async function walk(filters: TaskFilters, limits = usual) {
  const there: string[] = []
  const back: string[] = []
  const seen = new Set<string>()
  let cursor: string | null = null
  let end: string | null = null
  for (;;) {
    const page = await listTasks(db, { ...filters, ...(cursor && { cursor }) }, [], limits)
    there.push(...page.items.map(({ id }) => id))
    if (page.next_cursor === null) {
      end = page.prev_cursor
      back.unshift(...page.items.map(({ id }) => id))
      break
    }
    if (seen.has(page.next_cursor)) throw new Error('it does not get on')
    seen.add(page.next_cursor)
    cursor = page.next_cursor
  }
  for (cursor = end; cursor !== null; ) {
    const page = await listTasks(db, { ...filters, cursor }, [], limits)
    back.unshift(...page.items.map(({ id }) => id))
    if (page.prev_cursor === cursor) throw new Error('it does not get back')
    cursor = page.prev_cursor
  }
  return { there, back }
}

const scheduled = `state = 'PENDING' and eta > now()`
const waits = `state = 'PENDING' and (eta is null or eta <= now())`
const filters: [string, TaskFilters, string][] = [
  ['nothing', {}, 'true'],
  ['two states', { state: 'FAILURE,REVOKED' }, `state in ('FAILURE', 'REVOKED')`],
  ['all states but one', { state: '-SUCCESS' }, `state <> 'SUCCESS'`],
  ['none of two states', { state: '-SUCCESS,FAILURE' }, `state not in ('SUCCESS', 'FAILURE')`],
  ['a status', { status: 'FAILED' }, `state = 'FAILURE'`],
  ['scheduled ones', { status: 'SCHEDULED' }, scheduled],
  ['those that wait', { status: 'PENDING' }, waits],
  ['scheduled and failed ones', { status: 'SCHEDULED,FAILED' }, `state = 'FAILURE' or ${scheduled}`],
  ['all but scheduled ones', { status: '-SCHEDULED' }, `not coalesce(${scheduled}, false)`],
  ['pending ones that are not scheduled', { state: 'PENDING', status: '-SCHEDULED' }, waits],
  ['what cannot be', { state: 'SUCCESS', status: 'FAILED' }, 'false'],
  ['two kinds', { task: 'add,sleep' }, `task in ('add', 'sleep')`],
  ['all kinds but one', { task: '-add' }, `task <> 'add'`],
  ['a kind with a comma', { task: 'a\\,b' }, `task = 'a,b'`],
  ['a kind that begins with a dash', { task: '\\-c' }, `task = '-c'`],
  [
    'two queues without a kind',
    { queue: 'default,odd', task: '-add,sleep' },
    `queue <> 'media' and task in ('a,b', '-c')`
  ],
  ['a worker', { worker: one }, `worker = '${one}'`],
  ['other workers and none', { worker: `-${one}` }, `worker is distinct from '${one}'`],
  ['two workers', { worker: `${one},${two}` }, 'worker is not null'],
  ['a garbage worker', { worker: 'x' }, 'false'],
  ['one of two tags', { tag: 'blue,x\\,y' }, `tags && '{blue,"x,y"}'`],
  ['a tag without another', { tag: 'red,-blue' }, `'red' = any(tags) and not 'blue' = any(tags)`],
  ['no such tag', { tag: '-red' }, `not 'red' = any(tags)`],
  ['a text, with its comma', { q: 'Needle, with' }, 'description is not null'],
  ['an error', { error: 'no 1' }, `error ->> 'message' like 'no 1%'`],
  ['one of two errors', { error: 'NO 1,no 2' }, `error ->> 'message' ~ 'no [12]'`],
  ['a piece of an error', { error: '\\, 50%' }, 'error is not null'],
  ['no such error', { error: '-no 1', state: 'FAILURE' }, `state = 'FAILURE' and error ->> 'message' not like 'no 1%'`],
  ['a schedule', { schedule_id: one }, `schedule_id = '${one}'`],
  [
    'a schedule, but for successes',
    { schedule_id: one, state: '-SUCCESS' },
    `schedule_id = '${one}' and state <> 'SUCCESS'`
  ],
  ['no schedule of these', { schedule_id: `-${one},${two}` }, 'schedule_id is null'],
  ['a film', { video_id: two, tag: 'red' }, `video_id = '${two}' and 'red' = any(tags)`],
  ['two films', { video_id: `${one},${two}` }, 'video_id is not null'],
  ['many attempts', { attempts_min: 3 }, 'attempts >= 3'],
  [
    'a long run',
    { ran_min: 4 },
    `(finished_at - started_at >= interval '4 s') or (state = 'STARTED' and now() - started_at >= interval '4 s')`
  ],
  [
    'a long wait',
    { waited_min: 30, attempts_min: 0 },
    `coalesce(started_at, finished_at, now()) - greatest(created_at, case when attempts <= 1 and state <> 'RETRY' then eta end) >= interval '30 s'`
  ]
]
for (const [what, filter, condition] of filters) {
  t.test(`a list of ${what} has what a plain query finds, on the way back too`, async t => {
    for (const order of Object.keys(orders) as Order[]) {
      // Running ones grow older between two queries, but in the same order.
      const ids = await expected(condition, order)
      t.ok(ids.length > 0 || condition === 'false')
      const whole = { there: ids, back: ids }

      t.strictSame(await walk({ ...filter, order, limit: 1_000 }), whole, `${order}, on one page`)
      if (order === 'newest' || order === 'longest') {
        t.strictSame(await walk({ ...filter, order, limit: 67 }), whole, `${order}, in pages`)
      } else if (order === 'oldest') {
        t.strictSame(await walk({ ...filter, order, limit: 50 }, late), whole, `${order}, out of time after each slice`)
      }
    }
  })
}

t.test('the soonest of all that wait for their time come from an index, also out of time', async t => {
  const ids = await expected(scheduled, 'soonest')
  const filter: TaskFilters = { status: 'SCHEDULED', order: 'soonest' }

  t.strictSame(await walk({ ...filter, limit: 10 }, late), { there: ids, back: ids })
  const red = await expected(`${scheduled} and 'red' = any(tags)`, 'soonest')
  t.strictSame(await walk({ ...filter, tag: 'red', limit: 10 }, late), { there: red, back: red })
})

t.test('an order that no index has says how far it looked', async t => {
  const { items, searched_until } = await listTasks(db, { order: 'longest', limit: 5 }, [], {
    ...late,
    firstSlice: 200
  })

  const looked = await expected(`created_at > '${searched_until}'`, 'longest')
  t.ok(looked.length >= 5)
  t.strictSame(
    items.map(({ id }) => id),
    looked.slice(0, 5)
  )
})

t.test('a word that no status has is refused, and named', async t => {
  for (const [query, field] of [
    ['status=DONE', 'status'],
    ['status=failed', 'status'],
    ['state=FAILED', 'state'],
    ['state=-SUCCESS,x', 'state'],
    ['status=FAILED,', 'status'],
    ['attempts_min=-1', 'attempts_min'],
    ['attempts_min=1.5', 'attempts_min'],
    ['ran_min=x', 'ran_min'],
    ['order=random', 'order']
  ] as const) {
    const response = await service.get(`/api/tasks?${query}`)
    t.equal(response.statusCode, 400, query)
    t.match(response.json(), { code: 'INVALID_REQUEST', errors: [{ field }] }, query)
  }
  const longest = (await service.get('/api/tasks?order=longest&limit=1')).json().next_cursor
  t.match((await service.get(`/api/tasks?cursor=${longest}`)).json(), { code: 'INVALID_CURSOR' })
})

t.test('HTTP takes all filters together', async t => {
  const query = `status=FAILED&task=add&queue=default&worker=-${one}&tag=-blue&error=no&attempts_min=0&ran_min=0&waited_min=0&order=oldest`

  const { items, prev_cursor } = (await service.get(`/api/tasks?${query}&limit=1000`)).json()

  t.strictSame(
    items.map(({ id }: any) => id),
    await expected(
      `state = 'FAILURE' and task = 'add' and queue = 'default' and worker is distinct from '${one}' and not 'blue' = any(tags)`,
      'oldest'
    )
  )
  t.equal(prev_cursor, null)
})
