import t from 'tap'
import { openService } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'
import { until } from '../../harness/until.ts'

const folder = await taskFolder(t, { 'late.ts': taskModule('late', 'return args', `queue: 'low_priority'`) })
const service = await openService(t, { env: { TASKS_DIR: folder } })
const add = (x: number, options: { queue?: string; [option: string]: unknown } = {}) => ({
  task: 'add',
  args: { x, y: 0 },
  ...options
})
// The problems of one task have no order.
const byIndex = (one: string, other: string) => one.localeCompare(other, 'en', { numeric: true })
const bulk = (tasks: unknown) => service.post('/api/tasks/bulk', { tasks })

async function rowsOf(ids: string[]) {
  const { rows } = await service.db.pool.query(
    `select t.*, j.name as job_queue, j.state as job_state, j.priority as job_priority, events.states
    from unnest($1::uuid[]) with ordinality as wanted (id, place)
    left join darkroom.tasks t on t.id = wanted.id
    left join pgboss.job j on j.id = wanted.id
    left join lateral (select array_agg(e.state order by e.id) as states from darkroom.events e where e.task_id = t.id)
      events on true
    order by wanted.place`,
    [ids]
  )
  return rows
}

async function counts() {
  const { rows } = await service.db.pool.query(`select
    (select count(*) from darkroom.tasks) as tasks, (select count(*) from pgboss.job) as jobs,
    (select count(*) from darkroom.events) as events, (select count(*) from darkroom.deadlines) as deadlines`)
  return rows[0]
}

t.test('ten thousand tasks are accepted at once, with their ids in their order', async t => {
  const tasks = Array.from({ length: 10_000 }, (_, x) =>
    add(x, { queue: x % 2 ? 'default' : 'media', priority: x % 10 })
  )

  const response = await bulk(tasks)

  t.equal(response.statusCode, 201, response.body.slice(0, 200))
  const { ids } = response.json()
  t.equal(new Set(ids).size, 10_000)
  const rows = await rowsOf(ids)
  const wrong = rows.findIndex(
    (row, x) =>
      row.args?.x !== x ||
      row.state !== 'PENDING' ||
      row.queue !== tasks[x]!.queue ||
      row.priority !== x % 10 ||
      row.job_queue !== tasks[x]!.queue ||
      row.job_state !== 'created' ||
      row.job_priority !== x % 10 ||
      row.states?.join() !== 'PENDING'
  )
  t.equal(wrong, -1, `all are as they were given; this one is not: ${JSON.stringify(rows[wrong])}`)
})

t.test('each task of a bulk is written like a single submission', async t => {
  const said = { name: 'n', description: 'd', tags: ['a'], max_retries: 1, queue: 'high_priority', priority: 4 }
  const eta = '2999-01-02T03:04:05.678+02:00'

  const response = await bulk([add(1, said), { args: { data: 'x' } }, { task: 'late' }, add(2, { eta })])

  t.equal(response.statusCode, 201)
  const [full, plain, late, scheduled] = await Promise.all(
    response.json().ids.map(async (id: string) => (await service.get(`/api/tasks/${id}`)).json())
  )
  t.match(full, { ...said, task: 'add', args: { x: 1, y: 0 }, status: 'PENDING' })
  t.match(plain, { task: 'process_data', args: { data: 'x' }, queue: 'default', priority: 0, max_retries: 3 })
  t.match(late, { task: 'late', queue: 'low_priority', args: {} })
  t.match(scheduled, { status: 'SCHEDULED', eta: '2999-01-02T01:04:05.678Z' })
})

t.test('invalid tasks are each named by index and problem, and nothing is written', async t => {
  const before = await counts()

  const response = await bulk([
    add(0),
    { task: 'nothing_such' },
    add(2, { priority: 10, expires: -1 }),
    add(3),
    { task: 'add', args: { x: 'one' } },
    add(5, { queue: 'nowhere' }),
    add(6, { colour: 'red' }),
    'text',
    null,
    [],
    add(10, { eta: '2999-01-01T00:00:00Z', countdown: 1 }),
    add(11, { soft_time_limit: 5, time_limit: 5 }),
    {},
    add(13)
  ])

  t.equal(response.statusCode, 400)
  const { code, errors } = response.json()
  t.equal(code, 'INVALID_REQUEST')
  t.strictSame(errors.map(({ field }: { field: string }) => field).toSorted(byIndex), [
    'tasks[1].task',
    'tasks[2].expires',
    'tasks[2].priority',
    'tasks[4].args.x',
    'tasks[4].args.y',
    'tasks[5].queue',
    'tasks[6].colour',
    'tasks[7]',
    'tasks[8]',
    'tasks[9]',
    'tasks[10].countdown',
    'tasks[11].soft_time_limit',
    'tasks[12].args.data'
  ])
  t.ok(errors.every(({ message }: { message: string }) => message.length > 0))
  t.strictSame(await counts(), before)
})

t.test('arguments of more than 1 MiB are refused by their index, and a single submission by its size', async t => {
  const large = { task: 'process_data', args: { data: 'é'.repeat(600_000) } }

  const several = await bulk([add(0), large])
  const alone = await service.post('/api/tasks', large)

  t.match(several.json(), { status: 400, code: 'INVALID_REQUEST', errors: [{ field: 'tasks[1].args' }] })
  t.match(alone.json(), { status: 413, code: 'BODY_TOO_LARGE' })
})

t.test('a bulk of ten thousand invalid tasks names them all', async t => {
  const before = await counts()

  const response = await bulk(Array.from({ length: 10_000 }, () => add(0, { queue: 'nowhere' })))

  t.equal(response.statusCode, 400)
  const { detail, errors } = response.json()
  t.equal(errors.length, 10_000)
  t.equal(errors.at(-1).field, 'tasks[9999].queue')
  t.ok(detail.length < 2_000, 'the sentence stays a sentence')
  t.strictSame(await counts(), before)
})

t.test('one invalid task at the end refuses the whole bulk', async t => {
  const before = await counts()

  const response = await bulk([...Array.from({ length: 1_999 }, (_, x) => add(x)), add(1, { priority: 1.5 })])

  t.equal(response.statusCode, 400)
  t.strictSame(
    response.json().errors.map(({ field }: { field: string }) => field),
    ['tasks[1999].priority']
  )
  t.strictSame(await counts(), before)
})

const refused: [string, unknown, string][] = [
  ['no tasks', { tasks: [] }, 'tasks'],
  ['10,001 tasks', { tasks: Array.from({ length: 10_001 }, () => ({})) }, 'tasks'],
  ['an object of tasks', { tasks: { 0: add(1) } }, 'tasks'],
  ['a text', { tasks: 'add' }, 'tasks'],
  ['nothing', { tasks: null }, 'tasks'],
  ['a body without tasks', {}, 'tasks'],
  ['a field that is not known', { tasks: [add(1)], atomic: true }, 'atomic'],
  ['a list', [add(1)], '']
]
for (const [what, body, field] of refused) {
  t.test(`${what} instead of 1 to 10,000 tasks is refused`, async t => {
    const before = await counts()

    const response = await service.post('/api/tasks/bulk', body)

    t.equal(response.statusCode, 400)
    t.match(response.json(), { code: 'INVALID_REQUEST' })
    t.ok(
      response.json().errors.some((error: { field: string }) => error.field === field),
      JSON.stringify(response.json().errors)
    )
    t.strictSame(await counts(), before)
  })
}

t.test('when the rows cannot be written the client gets an error and nothing is left', async t => {
  const before = await counts()
  await service.db.pool.query(`alter table darkroom.events add constraint none check (attempt > 0) not valid`)
  t.teardown(() => service.db.pool.query('alter table darkroom.events drop constraint none'))

  const response = await bulk([add(1), add(2)])

  t.equal(response.statusCode, 500)
  t.strictSame(await counts(), before)
})

t.test('workers are woken by a bulk, for each of its queues', async t => {
  const service = await openService(t, { worker: true })
  await service.finished(await service.submit('add', { x: 0, y: 0 }))

  const tasks = ['default', 'media', 'high_priority', 'low_priority'].map((queue, x) => add(x, { queue }))
  const response = await service.post('/api/tasks/bulk', { tasks })

  const done = await Promise.all(response.json().ids.map((id: string) => service.finished(id)))
  t.strictSame(
    done.map(({ result }) => result),
    [0, 1, 2, 3]
  )
})

t.test('tasks of a bulk may have an eta and a start deadline', async t => {
  const service = await openService(t)
  const submitted = await service.post('/api/tasks/bulk', {
    tasks: [add(1, { countdown: 0.3 }), add(2, { countdown: 600 }), add(3, { expires: 0.3 }), add(4, { expires: 600 })]
  })
  const [soon, later, expiring, lasting] = submitted.json().ids

  // No worker runs, and still it expires.
  const expired = await service.finished(expiring)
  t.match(expired, { state: 'REVOKED', error: { type: 'expired' }, attempts: 0 })
  t.ok(expired.finished_at! >= expired.expires_at!)

  await service.startWorker()
  const done = await service.finished(soon)
  t.match(done, { state: 'SUCCESS', result: 1 })
  t.ok(done.started_at! >= done.eta!)
  t.match(await service.finished(lasting), { state: 'SUCCESS', result: 4 })
  t.match((await service.get(`/api/tasks/${later}`)).json(), { state: 'PENDING', status: 'SCHEDULED' })
})

t.test('a thousand tasks that expire together are all revoked, and none is looked for again', async t => {
  const service = await openService(t)

  const response = await service.post('/api/tasks/bulk', {
    tasks: Array.from({ length: 1_200 }, (_, x) => add(x, { expires: 0.2 }))
  })

  t.equal(response.statusCode, 201)
  await until(async () => {
    const { rows } = await service.db.pool.query(`select count(*) from darkroom.tasks where state = 'REVOKED'`)
    return rows[0].count === 1_200
  }, 'all are revoked')
  const { rows } = await service.db.pool.query('select from darkroom.deadlines')
  t.equal(rows.length, 0)
})
