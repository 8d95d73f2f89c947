import t from 'tap'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'

const folder = await taskFolder(t, {
  'good.ts': taskModule('good', 'await delay(30); return 1'),
  'bad.ts': taskModule('bad', `throw new Error('no')`, 'max_retries: 1')
})
const all = 'created,succeeded,failed,retried,cancelled,wait_p50,wait_p95,run_p50,run_p95'

async function series(service: Service, query: string) {
  const response = await service.get(`/api/stats/series?${query}`)
  if (response.statusCode !== 200) throw new Error(response.body)
  return response.json().items as Record<string, any>[]
}

/** The sum of each count, of the points with a name. */
async function sums(service: Service, query: string, name?: string) {
  const items = (await series(service, query)).filter(
    ({ task, queue }) => name === undefined || name === (task ?? queue)
  )
  const total = (metric: string) => items.reduce((sum, item) => sum + (item[metric] ?? 0), 0)
  return {
    created: total('created'),
    succeeded: total('succeeded'),
    failed: total('failed'),
    retried: total('retried'),
    cancelled: total('cancelled')
  }
}

t.test('charts show what became of tasks', async t => {
  const service = await openService(t, { worker: true, env: { TASKS_DIR: folder } })
  const good = await Promise.all([1, 2, 3].map(() => service.submit('good')))
  const bad = await service.submit('bad', {}, { queue: 'high_priority' })
  const later = await service.submit('good', {}, { countdown: 3600 })
  await service.post(`/api/tasks/${later}/cancel`)
  for (const id of [...good, bad]) await service.finished(id)

  await t.test('by kind', async t => {
    const found = () => sums(service, `metric=${all}&by=task`, 'good')
    // Workers write what they have counted with each heartbeat, submissions and cancellations are added up by turns.
    await until(async () => {
      const { created, succeeded, failed, cancelled } = await sums(service, `metric=${all}`)
      return created === 5 && succeeded === 3 && failed === 1 && cancelled === 1
    }, 'they are counted')
    t.strictSame(await found(), { created: 4, succeeded: 3, failed: 0, retried: 0, cancelled: 1 })
    t.strictSame(await sums(service, `metric=${all}&by=task`, 'bad'), {
      ...{ created: 1, succeeded: 0, failed: 1, retried: 1, cancelled: 0 }
    })
  })

  await t.test('by queue, also of queues in which nothing happened', async t => {
    t.strictSame(await sums(service, `metric=${all}&by=queue`, 'high_priority'), {
      ...{ created: 1, succeeded: 0, failed: 1, retried: 1, cancelled: 0 }
    })
    t.strictSame(await sums(service, `metric=${all}&by=queue`, 'media'), {
      ...{ created: 0, succeeded: 0, failed: 0, retried: 0, cancelled: 0 }
    })
    const { length } = (await series(service, 'by=queue')).filter(({ queue }) => queue === 'media')
    t.ok(length === 60 || length === 61, 'the last hour, by minutes')
  })

  await t.test('together, with internal kinds left out', async t => {
    await service.finished(await service.submit('forget_workers'))
    await until(async () => {
      const { rows } = await service.db.pool.query(
        `select from darkroom.minutes where task = 'forget_workers' and succeeded > 0`
      )
      return rows.length > 0
    }, 'it is counted')
    const items = await series(service, `metric=${all}`)
    t.strictSame(await sums(service, `metric=${all}`), {
      ...{ created: 5, succeeded: 3, failed: 1, retried: 1, cancelled: 1 }
    })
    t.ok(items.length === 60 || items.length === 61, 'the last hour, by minutes')
    t.strictSame(items[0], {
      ...{ at: items[0]!.at, created: 0, succeeded: 0, failed: 0, retried: 0, cancelled: 0 },
      ...{ wait_p50: null, wait_p95: null, run_p50: null, run_p95: null }
    })
    // They may have run in two minutes.
    const busy = items.filter(({ run_p50 }) => run_p50 !== null)
    const longest = Math.max(...busy.map(({ run_p95 }) => run_p95))
    t.ok(longest >= 0.016 && longest < 60, `a run: ${longest}`)
    for (const { wait_p95, run_p50, run_p95 } of busy) {
      t.ok(wait_p95 >= 0 && wait_p95 < 60, 'a wait')
      t.ok(run_p50 <= run_p95)
    }
  })
})

t.test('a task counts as created however it comes about', async t => {
  const service = await openService(t)
  const { pool } = service.db
  await pool.query(
    `insert into darkroom.tasks (id, task, queue, result_expires)
     select gen_random_uuid(), 'by_sql', 'default', 1 from generate_series(1, 7)`
  )
  const schedule = { name: 'x', task: 'add', args: { x: 1, y: 1 }, every: 9_000, enabled: false }
  const { id } = (await service.post('/api/schedules', schedule)).json()
  await service.post(`/api/schedules/${id}/run`)
  await service.post('/api/tasks/bulk', {
    tasks: Array.from({ length: 5 }, () => ({ task: 'sleep', args: { seconds: 0 } }))
  })

  const created = async (task: string) => (await sums(service, 'metric=created&by=task', task)).created
  await until(async () => (await created('sleep')) === 5, 'they are counted')
  t.equal(await created('by_sql'), 7)
  t.equal(await created('add'), 1)

  t.test('and as cancelled', async () => {
    await service.post('/api/queues/default/purge')
    const cancelled = async () => (await sums(service, 'metric=cancelled&by=task', 'sleep')).cancelled
    await until(async () => (await cancelled()) === 5, 'they are counted')
  })
})

t.test('the depth of queues', async t => {
  const service = await openService(t)
  await service.post('/api/tasks/bulk', {
    tasks: Array.from({ length: 3 }, () => ({ task: 'add', args: { x: 1, y: 1 } }))
  })
  const last = async (query: string, name?: string) =>
    (await series(service, `metric=depth,oldest&${query}`)).findLast(
      ({ queue, depth }) => depth !== null && (name === undefined || queue === name)
    )

  await until(async () => (await last('by=queue', 'default'))?.depth === 3, 'a sample is taken')
  t.match(await last('by=queue', 'media'), { depth: 0, oldest: 0 })
  t.equal((await last(''))!.depth, 3, 'all queues together')
  t.ok((await last('by=queue', 'default'))!.oldest > 0)
  const [first] = await series(service, 'metric=depth,oldest')
  t.match(first, { depth: null, oldest: null })
})

t.test('minutes and hours', async t => {
  const service = await openService(t)
  const { pool } = service.db
  const hour = 3_600_000
  const now = Math.floor(Date.now() / hour) * hour
  const ago = (hours: number) => new Date(now - hours * hour).toISOString()
  await pool.query(
    `insert into darkroom.minutes (minute, task, queue, created, run_hist)
     select $1::timestamptz - n * interval '1 minute', 'add', 'default', 1, '{0,0,0,1}' from generate_series(1, 120) n`,
    [new Date(now)]
  )
  await pool.query(
    `insert into darkroom.hours (hour, task, queue, created) select $1::timestamptz - n * interval '1 hour', 'add', 'default', 60
     from generate_series(3, 100) n`,
    [new Date(now)]
  )
  await pool.query(
    `insert into darkroom.queue_hours (hour, queue, depth, oldest, running) values ($1, 'default', 9, 8, 7)`,
    [ago(50)]
  )

  await t.test('a short range reads minutes', async t => {
    const items = await series(service, `metric=created,run_p50&from=${ago(2)}&to=${ago(0)}`)
    t.equal(items.length, 120)
    t.strictSame(items[0], { at: ago(2), created: 1, run_p50: 0.012 })
    t.strictSame(await series(service, `metric=created&from=${ago(2)}&to=${ago(0)}&step=3600`), [
      { at: ago(2), created: 60 },
      { at: ago(1), created: 60 }
    ])
  })

  await t.test('a long one hours, and minutes that are not summed up', async t => {
    const items = await series(service, `metric=created,run_p95,depth&from=${ago(60)}&to=${ago(0)}`)
    t.equal(items.length, 60)
    t.ok(items.every(({ created }) => created === 60))
    t.equal(items[10]!.depth, 9)
    t.ok(items.at(-1)!.run_p95 > 0.015)
  })

  await t.test('so does a short one of long ago', async t => {
    t.equal((await sums(service, `from=${ago(72)}&to=${ago(70)}`)).created, 120)
  })

  await t.test('the default step grows with the range', async t => {
    const step = async (hours: number) =>
      (await service.get(`/api/stats/series?from=${ago(hours)}&to=${ago(0)}`)).json().step
    t.strictSame([await step(1), await step(12), await step(24), await step(47)], [60, 60, 300, 300])
    t.strictSame([await step(24 * 7), await step(24 * 90), await step(24 * 365 * 3)], [3600, 21_600, 604_800])
  })
})

t.test('bad input is refused with the field', async t => {
  const service = await openService(t)
  const minute = 60_000
  const time = (minutes: number) => new Date(Date.now() - minutes * minute).toISOString()
  const wrong: Record<string, [field: string, message: RegExp]> = {
    'metric=created,nope': ['metric', /has "nope"; each must be one of created, succeeded/],
    'metric=': ['metric', /has an empty name/],
    'metric=constructor': ['metric', /has "constructor"/],
    'metric=depth&by=task': ['metric', /has depth, which queues have and kinds do not/],
    'by=worker': ['by', /must be one of queue, task/],
    'from=yesterday': ['from', /must be a time with its offset/],
    'to=1': ['to', /must be a time/],
    'step=5': ['step', />= 60/],
    'step=1.5': ['step', /integer/],
    'step=90': ['step', /must be a multiple of 60/],
    [`from=${time(10)}&to=${time(20)}`]: ['from', /must be before to/],
    [`from=${time(-10)}`]: ['from', /must be in the past/],
    [`from=${time(-10)}&to=${time(-5)}`]: ['from', /must be in the past/],
    [`from=${time(60 * 60)}&step=60`]: ['step', /multiple of 3600 for more than 48 hours/],
    [`from=${time(60 * 40)}&step=60`]: ['step', /it has 240\d points, and 1500 is the limit/],
    'from=0001-01-01T00:00:00Z': ['step', /must be larger for this range/],
    'steps=60': ['steps', /is not a known field/]
  }

  for (const [query, [field, message]] of Object.entries(wrong)) {
    const response = await service.get(`/api/stats/series?${query}`)

    t.equal(response.statusCode, 400, query)
    t.match(response.json(), { code: 'INVALID_REQUEST', errors: [{ field, message }] }, query)
  }

  await service.db.pool.query(
    `insert into darkroom.minutes (minute, task, queue, created)
     select date_trunc('minute', now()), 'kind' || n, 'default', 1 from generate_series(1, 300) n`
  )
  const response = await service.get('/api/stats/series?by=task')
  t.match(response.json().errors, [{ field: 'step', message: /300 kinds with 6\d points each are \d+ items/ }])
  t.equal((await series(service, `by=task&step=300`)).length % 300, 0)
  t.equal((await service.get(`/api/stats/series?to=9999-01-01T00:00:00Z`)).statusCode, 200)
})
