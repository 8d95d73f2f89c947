import { randomUUID } from 'node:crypto'
import t from 'tap'
import { openPgBoss } from '../../harness/pg-boss.ts'
import { openService } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'
import { until } from '../../harness/until.ts'

const folder = await taskFolder(t, { 'echo.ts': taskModule('echo', 'return args') })
const service = await openService(t, { env: { TASKS_DIR: folder } })

const post = (url: string, body: unknown, key: string) => service.post(url, body, { 'idempotency-key': key })

async function countTasks() {
  const { rows } = await service.db.pool.query(`select
    (select count(*) from darkroom.tasks) as tasks, (select count(*) from pgboss.job where name <> 'due') as jobs`)
  return rows[0]
}

const doors = [
  {
    url: '/api/tasks',
    status: 201,
    tasks: 1,
    body: { task: 'echo', args: { long: 1.5, b: { c: [1, 2], a: null } }, priority: 3, tags: ['x', 'y'] },
    reordered: { tags: ['x', 'y'], priority: 3, args: { b: { a: null, c: [1, 2] }, long: 1.5 }, task: 'echo' },
    other: { task: 'echo', args: { long: 1.5, b: { c: [2, 1], a: null } }, priority: 3, tags: ['x', 'y'] },
    bad: { task: 'add', args: { x: 'one' } },
    mended: { task: 'add', args: { x: 1, y: 1 } }
  },
  {
    url: '/api/tasks/process',
    status: 202,
    tasks: 1,
    body: { data: 'hello' },
    reordered: { data: 'hello' },
    other: { data: 'Hello' },
    bad: { data: 1 },
    mended: { data: '1' }
  },
  {
    url: '/api/tasks/bulk',
    status: 201,
    tasks: 2,
    body: { tasks: [{ task: 'echo', args: { a: 1, b: 2 } }, { task: 'echo' }] },
    reordered: { tasks: [{ args: { b: 2, a: 1 }, task: 'echo' }, { task: 'echo' }] },
    other: { tasks: [{ task: 'echo' }, { task: 'echo', args: { a: 1, b: 2 } }] },
    bad: { tasks: [{ task: 'echo' }, { task: 'nothing_such' }] },
    mended: { tasks: [{ task: 'echo' }, { task: 'echo' }] }
  }
]

for (const { url, status, tasks, body, reordered, other, bad, mended } of doors) {
  t.test(`POST ${url} under a key`, async t => {
    t.test('creates once and answers the same each time', async t => {
      const key = randomUUID()
      const before = await countTasks()

      const first = await post(url, body, key)
      const again = [await post(url, body, key), await post(url, body, key), await post(`${url}/`, body, key)]

      t.equal(first.statusCode, status)
      t.equal(first.headers['idempotency-replayed'], undefined)
      for (const replayed of again) {
        t.equal(replayed.statusCode, status)
        t.equal(replayed.headers['idempotency-replayed'], 'true')
        t.equal(replayed.headers.location, first.headers.location)
        t.equal(replayed.headers['content-type'], first.headers['content-type'])
        t.equal(replayed.body, first.body, 'byte for byte')
      }
      t.strictSame(await countTasks(), { tasks: before.tasks + tasks, jobs: before.jobs + tasks })
    })

    t.test('is the same request with its fields in another order', async t => {
      const key = randomUUID()
      const first = await post(url, body, key)

      const again = await post(url, reordered, key)

      t.equal(again.statusCode, status)
      t.equal(again.headers['idempotency-replayed'], 'true')
      t.strictSame(again.json(), first.json())
    })

    t.test('is refused with another body, and the first answer stays', async t => {
      const key = randomUUID()
      const first = await post(url, body, key)
      const before = await countTasks()

      const refused = await post(url, other, key)

      t.equal(refused.statusCode, 409)
      t.match(refused.json(), { code: 'IDEMPOTENCY_KEY_REUSED', status: 409 })
      t.match(refused.headers['content-type'], /^application\/problem\+json/)
      t.strictSame((await post(url, body, key)).json(), first.json())
      t.strictSame(await countTasks(), before)
    })

    t.test('creates once for many simultaneous requests', async t => {
      const key = randomUUID()
      const before = await countTasks()

      const responses = await Promise.all(Array.from({ length: 20 }, () => post(url, body, key)))

      t.ok(responses.every(({ statusCode }) => statusCode === status))
      for (const response of responses) t.strictSame(response.json(), responses[0]!.json())
      t.equal(responses.filter(({ headers }) => headers['idempotency-replayed'] === undefined).length, 1)
      t.strictSame(await countTasks(), { tasks: before.tasks + tasks, jobs: before.jobs + tasks })
    })

    t.test('does not use the key up if the request is refused', async t => {
      const key = randomUUID()

      const refused = await post(url, bad, key)
      const accepted = await post(url, mended, key)

      t.equal(refused.statusCode, 400)
      t.equal(accepted.statusCode, status)
      t.equal(accepted.headers['idempotency-replayed'], undefined)
      t.equal((await post(url, mended, key)).headers['idempotency-replayed'], 'true')
    })

    t.test('does not use the key up if the rows cannot be written', async t => {
      const key = randomUUID()
      await service.db.pool.query('alter table darkroom.tasks add constraint full_up check (false) not valid')

      const failed = await post(url, body, key)
      await service.db.pool.query('alter table darkroom.tasks drop constraint full_up')
      const accepted = await post(url, body, key)

      t.equal(failed.statusCode, 500)
      t.equal(accepted.statusCode, status)
      t.equal(accepted.headers['idempotency-replayed'], undefined)
    })

    t.test('counts as new after a day, also with another body', async t => {
      const key = randomUUID()
      const first = await post(url, body, key)
      const age = (by: string) =>
        service.db.pool.query('update darkroom.idempotency_keys set created_at = now() - $2::interval where key = $1', [
          key,
          by
        ])

      await age('23 hours 59 minutes')
      t.strictSame((await post(url, body, key)).json(), first.json(), 'not before')

      await age('24 hours 1 second')
      const second = await post(url, other, key)

      t.equal(second.statusCode, status)
      t.equal(second.headers['idempotency-replayed'], undefined)
      t.strictSame((await post(url, other, key)).json(), second.json())
      t.equal((await post(url, body, key)).statusCode, 409)
    })

    t.test('counts as new for only one of many requests after a day', async t => {
      const key = randomUUID()
      await post(url, body, key)
      await service.db.pool.query(
        `update darkroom.idempotency_keys set created_at = now() - interval '2 days' where key = $1`,
        [key]
      )
      const before = await countTasks()

      const responses = await Promise.all(Array.from({ length: 20 }, () => post(url, body, key)))

      t.ok(responses.every(({ statusCode }) => statusCode === status))
      for (const response of responses) t.strictSame(response.json(), responses[0]!.json())
      t.strictSame(await countTasks(), { tasks: before.tasks + tasks, jobs: before.jobs + tasks })
    })

    t.test('is refused with an invalid key', async t => {
      const before = await countTasks()

      for (const key of ['', ' ', 'a b', 'x'.repeat(256), 'schlüssel', 'a\tb']) {
        const refused = await post(url, body, key)

        t.equal(refused.statusCode, 400, JSON.stringify(key))
        t.match(refused.json(), { code: 'INVALID_REQUEST', detail: /Idempotency-Key/i })
      }
      t.strictSame(await countTasks(), before)
    })
  })
}

t.test('any visible text of up to 255 characters is a key', async t => {
  for (const key of ['!', '~', `"';--`, '%00', '__proto__', 'x'.repeat(255)]) {
    t.equal((await post('/api/tasks/process', { data: key }, key)).statusCode, 202, key)
  }
})

t.test('a key belongs to one route', async t => {
  const key = randomUUID()
  await post('/api/tasks/process', { data: 'hello' }, key)

  const elsewhere = await post('/api/tasks', { args: { data: 'hello' } }, key)
  const bulk = await post('/api/tasks/bulk', { tasks: [{ args: { data: 'hello' } }] }, key)

  for (const refused of [elsewhere, bulk]) {
    t.equal(refused.statusCode, 409)
    t.match(refused.json(), { code: 'IDEMPOTENCY_KEY_REUSED' })
  }
})

t.test("the first answer is replayed whatever the task's state", async t => {
  const service = await openService(t, { worker: true })
  const headers = { 'idempotency-key': 'once' }
  const body = { task: 'add', args: { x: 1, y: 2 } }
  const first = await service.post('/api/tasks', body, headers)
  const { id } = first.json()
  t.equal((await service.finished(id)).result, 3)
  t.equal((await service.delete(`/api/tasks/${id}`)).statusCode, 204)

  const again = await service.post('/api/tasks', body, headers)

  t.equal(again.statusCode, 201)
  t.strictSame(again.json(), first.json())
  t.equal((await service.get(`/api/tasks/${id}`)).statusCode, 404)
})

t.test('a body that nests as deeply as is allowed can be kept under a key', async t => {
  const key = randomUUID()
  let value: unknown = 1
  for (let depth = 0; depth < 190; depth++) value = [value]
  const body = { task: 'echo', args: { value } }

  const first = await post('/api/tasks', body, key)

  t.equal(first.statusCode, 201)
  t.strictSame((await post('/api/tasks', body, key)).json(), first.json())
})

t.test('tasks that were created under a key run like any other', async t => {
  const service = await openService(t, { worker: true })
  await service.finished(await service.submit('add', { x: 0, y: 0 }))

  const responses = await Promise.all(
    ['one', 'two', 'one', 'two'].map(key =>
      service.post('/api/tasks/process', { data: key }, { 'idempotency-key': key })
    )
  )

  const results = await Promise.all(
    responses.map(async response => (await service.finished(response.json().task_id)).result)
  )
  t.strictSame(
    results,
    ['ONE', 'TWO', 'ONE', 'TWO'].map(processed_data => ({ processed_data }))
  )
})

t.test('a request that would be refused by now is answered as it was the first time', async t => {
  const boss = await openPgBoss(t, service)
  await boss.createQueue('passing')
  const inQueue = { task: 'echo', queue: 'passing' }
  const requests: [string, unknown][] = [
    ['/api/tasks', inQueue],
    ['/api/tasks/bulk', { tasks: [inQueue, { task: 'echo' }] }]
  ]
  const key = randomUUID()
  for (const [url, body] of requests) {
    const first = await post(url, body, `${key} ${url}`.replaceAll(' ', '-'))
    t.equal(first.statusCode, 201, first.body)
  }
  await boss.deleteQueue('passing')
  await until(async () => (await service.post('/api/tasks', inQueue)).statusCode === 400, 'the queue is forgotten')

  for (const [url, body] of requests) {
    const again = await post(url, body, `${key} ${url}`.replaceAll(' ', '-'))
    t.equal(again.statusCode, 201, again.body)
    t.equal(again.headers['idempotency-replayed'], 'true')
  }
})
