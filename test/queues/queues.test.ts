import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import { gate } from '../harness/gate.ts'
import { openPgBoss } from '../harness/pg-boss.ts'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'

const folder = await taskFolder(t, {
  ...gate,
  'later.ts': taskModule('later', 'throw new RetryLater(600)')
})
const oneChild = { TASKS_DIR: folder, WORKER_CONCURRENCY: '1' }
const add = { x: 1, y: 1 }
// A queue that no internal kind uses: its tasks would be counted too.
const apart = 'high_priority'

const queueOf = async ({ get }: Service, name: string) =>
  (await get('/api/queues')).json().items.find((queue: { name: string }) => queue.name === name)

const read = async (service: Service, id: string) => (await service.get(`/api/tasks/${id}`)).json()

t.test('queues are listed with what happens in them', async t => {
  const service = await openService(t, { env: oneChild })
  const idle = {
    ...{ depth: 0, oldest_age: null, running: 0, workers: 0, paused: false, paused_at: null },
    ...{ paused_by: null, reason: null, until: null, pickup_p95: null },
    per_minute: { created: 0, finished: 0 }
  }

  t.test('each by its name, without the queues that are not for tasks', async t => {
    const response = await service.get('/api/queues')

    t.equal(response.statusCode, 200)
    t.strictSame(response.json(), {
      items: ['default', 'high_priority', 'low_priority', 'media'].map(name => ({ name, ...idle }))
    })
  })

  t.test('with how many tasks wait and since when, without delayed ones', async t => {
    const ids = [await service.submit('add', add), await service.submit('add', add, { priority: 9 })]
    await service.submit('add', add, { countdown: 600 })
    await service.db.pool.query(
      `update pgboss.job set created_on = now() - interval '90 seconds', start_after = now() - interval '90 seconds'
      where id = $1`,
      [ids[1]]
    )

    const { oldest_age, ...queue } = await queueOf(service, 'default')

    t.match(queue, { depth: 2, running: 0, per_minute: { created: 1, finished: 0 } })
    t.ok(oldest_age >= 90 && oldest_age < 150, String(oldest_age))
    t.match(await queueOf(service, 'media'), idle)
  })

  t.test('with the age of the task that has waited longest, which need not be the oldest', async t => {
    const early = await service.submit('add', add, { queue: 'low_priority' })
    const waiting = await service.submit('add', add, { queue: 'low_priority' })
    const age = (id: string, created: number, ready: number) =>
      service.db.pool.query(
        `update pgboss.job set created_on = now() - $2 * interval '1 second',
        start_after = now() - $3 * interval '1 second' where id = $1`,
        [id, created, ready]
      )
    // Created first, but due only now, as with a retry or a countdown.
    await age(early, 3600, 0)
    await age(waiting, 300, 300)

    const { oldest_age } = await queueOf(service, 'low_priority')

    t.ok(oldest_age >= 300 && oldest_age < 360, String(oldest_age))
  })

  t.test('with how many tasks run and how many have ended', async t => {
    const gate = path.join(service.dataDir, 'gate')
    await service.startWorker({ WORKER_CONCURRENCY: '2', WORKER_QUEUES: 'high_priority' })
    const running = await service.submit('gate', { gate }, { queue: 'high_priority' })
    await service.until(running, ({ state }) => state === 'STARTED')
    await service.finished(await service.submit('add', add, { queue: 'high_priority' }))

    t.match(await queueOf(service, 'high_priority'), {
      depth: 0,
      oldest_age: null,
      running: 1,
      per_minute: { created: 2, finished: 1 }
    })
    await writeFile(gate, '')
    await service.finished(running)
    t.match(await queueOf(service, 'high_priority'), { running: 0, per_minute: { created: 2, finished: 2 } })
  })

  t.test('with how many bodies run, without the tasks that a worker holds ahead of its child processes', async t => {
    const worker = await service.startWorker({ WORKER_PREFETCH_MULTIPLIER: '4', WORKER_QUEUES: 'media' })
    const gate = path.join(service.dataDir, 'media-gate')
    const ids: string[] = []
    for (const _ of [1, 2, 3]) ids.push(await service.submit('gate', { gate }, { queue: 'media' }))

    for (const id of ids) await service.until(id, ({ state }) => state === 'STARTED')

    t.match(await queueOf(service, 'media'), { depth: 0, running: 1 })
    const { running } = (await service.get(`/api/workers/${worker.id}`)).json()
    t.equal(running.length, 3, 'the worker shows all that it holds')
    await writeFile(gate, '')
    for (const id of ids) await service.finished(id)
    t.match(await queueOf(service, 'media'), { running: 0 })
  })

  t.test('with how many workers claim from them', async t => {
    const service = await openService(t)
    const all = await service.startWorker({ WORKER_CONCURRENCY: '1' })
    const some = await service.startWorker({ WORKER_CONCURRENCY: '1', WORKER_QUEUES: 'media' })
    const counts = async () => [(await queueOf(service, apart)).workers, (await queueOf(service, 'media')).workers]

    t.strictSame(await counts(), [1, 2])
    await service.patch(`/api/workers/${all.id}`, { paused: true })
    t.strictSame(await counts(), [0, 1], 'a paused worker does not count')
    await some.stop(0)
    t.strictSame(await counts(), [0, 0])
  })
})

t.test('a DBA pauses a queue by inserting its name', async t => {
  const service = await openService(t)
  const { pool } = service.db
  const boss = await openPgBoss(t, service)
  const pause = (name: string) => pool.query(`insert into darkroom.queues values ('${name}', now())`)
  const pauseAgain = (name: string) =>
    pool.query(`insert into darkroom.queues (name) values ('${name}') on conflict do nothing`)
  const isPaused = async (name: string) => (await queueOf(service, name)).paused

  t.test('the name can be inserted any number of times, whatever was done over HTTP in between', async t => {
    for (const _ of [1, 2]) {
      await pause('media')
      await pauseAgain('media')
      t.equal(await isPaused('media'), true)
      t.equal((await service.post('/api/queues/media/pause')).statusCode, 200)
      t.match((await service.post('/api/queues/media/resume')).json(), { paused: false, paused_at: null })
    }
    await service.post('/api/queues/media/pause')
    await pauseAgain('media')
    await pool.query(`delete from darkroom.queues where name = 'media'`)
    t.equal(await isPaused('media'), false)
  })

  t.test('an unknown queue, or one that is not for tasks, is an error', async t => {
    await t.rejects(pause('meda'), { message: /queues_name/ })
    await t.rejects(pauseAgain('meda'), { message: /queues_name/ })
    for (const name of ['delayed', 'due', '__pgboss__send-it']) {
      await t.rejects(pause(name), { message: /queues_for_tasks/ }, name)
    }
  })

  t.test('and the queue can still be removed, which ends the pause', async t => {
    await boss.createQueue('passing')
    await pause('passing')
    t.equal(await isPaused('passing'), true)

    await boss.deleteQueue('passing')
    await boss.createQueue('passing')

    t.equal(await isPaused('passing'), false)
  })
})

t.test('a paused queue', async t => {
  const service = await openService(t, { env: oneChild, worker: true })
  const kept = [] as string[]

  t.test('says so, and the others do not', async t => {
    const gate = path.join(service.dataDir, 'gate')
    const running = await service.submit('gate', { gate }, { queue: apart })
    await service.until(running, ({ state }) => state === 'STARTED')

    const response = await service.post(`/api/queues/${apart}/pause`)

    t.equal(response.statusCode, 200)
    t.match(response.json(), { name: apart, paused: true, running: 1 })
    t.equal((await service.post(`/api/queues/${apart}/pause`)).statusCode, 200, 'twice is once')
    t.equal((await queueOf(service, apart)).paused, true)
    t.equal((await queueOf(service, 'media')).paused, false)
    await writeFile(gate, '')
    t.match(await service.finished(running), { state: 'SUCCESS' }, 'an attempt that runs goes on')
  })

  t.test('accepts and keeps its tasks, also from a worker that starts later, while the others go on', async t => {
    kept.push(
      await service.submit('add', add, { queue: apart }),
      await service.submit('add', add, { queue: apart, priority: 9 }),
      await service.submit('add', add, { queue: apart, countdown: 0.1 })
    )
    await service.startWorker()

    // The workers were woken for the paused queue before: finished tasks of the other queue show that they have looked.
    for (let round = 0; round < 5; round++) {
      const other = await service.submit('add', add)
      t.match(await service.finished(other), { state: 'SUCCESS' })
    }
    await until(async () => (await queueOf(service, apart)).depth === 3, 'what was due later has come in')

    for (const id of kept) t.match(await read(service, id), { state: 'PENDING', attempts: 0 })
    t.match(await queueOf(service, apart), { depth: 3, running: 0, paused: true })
  })

  t.test('still lets its tasks be cancelled, and expire', async t => {
    const cancelled = await service.submit('add', add, { queue: apart })
    const expired = await service.submit('add', add, { queue: apart, expires: 0.1 })

    t.equal((await service.post(`/api/tasks/${cancelled}/cancel`)).statusCode, 200)
    t.match(await service.finished(expired), { state: 'REVOKED', error: { type: 'expired' } })
  })

  t.test('is served at once when it is resumed', async t => {
    const response = await service.post(`/api/queues/${apart}/resume`)

    t.equal(response.statusCode, 200)
    t.match(response.json(), { name: apart, paused: false })
    for (const id of kept) t.match(await service.finished(id), { state: 'SUCCESS', attempts: 1 })
    t.equal((await service.post(`/api/queues/${apart}/resume`)).statusCode, 200, 'twice is once')
  })
})

t.test('purging a queue', async t => {
  const service = await openService(t, { env: oneChild })
  const worker = await service.startWorker({ WORKER_QUEUES: 'media' })

  t.test('revokes the tasks that wait in it, and no others', async t => {
    const retrying = await service.submit('later', {}, { queue: 'media' })
    await service.until(retrying, ({ state }) => state === 'RETRY')
    // After a long task a worker claims no task ahead.
    const done = await service.submit('sleep', { seconds: 1 }, { queue: 'media' })
    await service.finished(done)
    const gate = path.join(service.dataDir, 'gate')
    const running = await service.submit('gate', { gate }, { queue: 'media' })
    await service.until(running, ({ state }) => state === 'STARTED')
    const waiting = await service.submit('add', add, { queue: 'media', expires: 600 })
    const delayed = await service.submit('add', add, { queue: 'media', countdown: 600 })
    const elsewhere = await service.submit('add', add)
    const delayedElsewhere = await service.submit('add', add, { countdown: 600 })
    await until(async () => (await queueOf(service, 'media')).depth === 1, 'what was taken ahead is put back')

    const response = await service.post('/api/queues/media/purge')

    t.equal(response.statusCode, 200)
    t.strictSame(response.json(), { name: 'media', purged: 3 })
    for (const [id, attempts] of [
      [retrying, 1],
      [waiting, 0],
      [delayed, 0]
    ] as const) {
      const task = await read(service, id)
      t.match(task, { state: 'REVOKED', status: 'CANCELLED', error: { type: 'purged' }, attempts, worker: null })
      t.ok(task.finished_at)
      const { rows } = await service.db.pool.query(
        `select j.name, j.state, (select state from darkroom.events e where task_id = j.id order by id desc limit 1) as event
        from pgboss.job j where j.id = $1`,
        [id]
      )
      t.strictSame(rows, [{ name: 'media', state: 'cancelled', event: 'REVOKED' }])
    }
    t.equal((await read(service, running)).state, 'STARTED')
    t.equal((await read(service, elsewhere)).state, 'PENDING')
    t.equal((await read(service, delayedElsewhere)).state, 'PENDING')
    await writeFile(gate, '')
    t.match(await service.finished(running), { state: 'SUCCESS' })
    t.equal((await read(service, done)).state, 'SUCCESS')
    t.match(await queueOf(service, 'media'), { depth: 0, running: 0 })
  })

  t.test('answers requests that wait for a purged task', async t => {
    const id = await service.submit('add', add)
    const waiting = service.finished(id)
    await until(() => service.api.watching.count() > 0, 'a request waits')

    await service.post('/api/queues/default/purge')

    t.match(await waiting, { state: 'REVOKED', error: { type: 'purged' } })
  })

  t.test('takes any number of tasks, each once', async t => {
    await worker.stop(0)
    await service.post('/api/tasks/bulk', {
      tasks: Array.from({ length: 2_500 }, (_, x) => ({
        ...{ task: 'add', queue: apart, args: { x, y: 0 } },
        countdown: x % 5 ? 0 : 600
      }))
    })

    const responses = await Promise.all([1, 2, 3].map(() => service.post(`/api/queues/${apart}/purge`)))

    const purged = responses.map(response => response.json().purged)
    t.equal(
      purged.reduce((sum, some) => sum + some),
      2_500,
      String(purged)
    )
    t.strictSame((await service.post(`/api/queues/${apart}/purge`)).json(), { name: apart, purged: 0 })
  })

  t.test('leaves tasks that can be retried', async t => {
    const id = await service.submit('add', add, { countdown: 600 })
    await service.post('/api/queues/default/purge')

    t.equal((await service.post(`/api/tasks/${id}/retry`)).statusCode, 202)
    await service.startWorker()

    t.match(await service.finished(id), { state: 'SUCCESS', result: 2 })
  })
})

t.test('a queue that does not exist', async t => {
  const service = await openService(t)

  for (const name of ['nowhere', 'delayed', 'due', '__pgboss__send-it', '%00', '%27%22--', 'x'.repeat(90), '%20']) {
    for (const verb of ['pause', 'resume', 'purge']) {
      const response = await service.post(`/api/queues/${name}/${verb}`)

      t.equal(response.statusCode, 404, `${verb} ${name}`)
      t.match(response.json(), { code: 'QUEUE_NOT_FOUND' })
    }
  }
  const { rows } = await service.db.pool.query('select name from darkroom.queues')
  t.strictSame(rows, [])
})

t.test('a queue that was removed meanwhile', async t => {
  const service = await openService(t, { env: oneChild })
  const boss = await openPgBoss(t, service)
  const put = (options = {}) => service.post('/api/tasks', { task: 'add', args: add, queue: 'passing', ...options })
  t.beforeEach(() => boss.createQueue('passing'))
  /** Ends with its test: no worker looks before the next one's. */
  const startWorker = async (t: Test, env?: Record<string, string>) => {
    const worker = await service.startWorker(env)
    t.teardown(() => worker.stop(0))
  }

  t.test('does not exist either', async t => {
    t.equal((await service.post('/api/queues/passing/pause')).statusCode, 200)

    await boss.deleteQueue('passing')

    for (const verb of ['pause', 'resume', 'purge']) {
      t.equal((await service.post(`/api/queues/passing/${verb}`)).statusCode, 404, verb)
    }
  })

  t.test('refuses tasks: at once those that would run now, and soon after delayed ones', async t => {
    t.equal((await put()).statusCode, 201)
    await boss.deleteQueue('passing')

    const response = await put()

    t.equal(response.statusCode, 400, response.body)
    t.match(response.json(), {
      code: 'UNKNOWN_QUEUE',
      detail: 'There is no queue named "passing"',
      errors: [{ field: 'queue' }]
    })
    t.equal(
      (await service.post('/api/tasks/bulk', { tasks: [{ task: 'add', args: add, queue: 'passing' }] })).statusCode,
      400
    )
    await until(async () => (await put({ countdown: 600 })).statusCode === 400, 'it is forgotten')
  })

  t.test('leaves tasks that can be cancelled, and not retried', async t => {
    const ids = [await service.submit('add', add, { queue: 'passing' })]
    ids.push(await service.submit('add', add, { queue: 'passing', countdown: 600 }))
    await boss.deleteQueue('passing')

    for (const id of ids) {
      const response = await service.post(`/api/tasks/${id}/cancel`)
      t.equal(response.statusCode, 200, response.body)
      t.match(response.json(), { state: 'REVOKED', error: { type: 'cancelled' } })
      t.equal((await service.post(`/api/tasks/${id}/cancel`)).statusCode, 409)
      t.match((await service.post(`/api/tasks/${id}/retry`)).json(), { status: 400, code: 'UNKNOWN_QUEUE' })
      t.match(await read(service, id), { state: 'REVOKED' })
    }

    await boss.createQueue('passing')
    for (const id of ids) t.equal((await service.post(`/api/tasks/${id}/retry`)).statusCode, 202)
  })

  t.test('takes its waiting tasks with it, as soon as a worker looks', async t => {
    const ids = [await service.submit('add', add, { queue: 'passing' })]
    ids.push(await service.submit('process_data', { data: 'a' }, { queue: 'passing', priority: 9 }))
    const later = await service.submit('add', add, { queue: 'passing', countdown: 600 })
    await boss.deleteQueue('passing')

    await startWorker(t)

    for (const id of ids) {
      t.match(await service.finished(id), { state: 'REVOKED', error: { type: 'queue_gone' }, attempts: 0 })
    }
    t.match(await read(service, later), { state: 'PENDING' }, 'its queue may be back by then')
  })

  t.test('leaves tasks that were moved to another queue before', async t => {
    const moved = await service.submit('add', add, { queue: 'passing' })
    await service.db.pool.query(`update pgboss.job set name = 'default' where id = $1`, [moved])
    const left = await service.submit('add', add, { queue: 'passing' })
    await boss.deleteQueue('passing')

    await startWorker(t, { WORKER_QUEUES: 'other' })
    t.match(await service.finished(left), { state: 'REVOKED', error: { type: 'queue_gone' } })
    await startWorker(t)

    t.match(await service.finished(moved), { state: 'SUCCESS', queue: 'default' })
  })

  t.test('delays no start deadline, of its own tasks or of others', async t => {
    const homeless = await service.submit('add', add, { queue: 'passing', countdown: 600, expires: 1 })
    await boss.deleteQueue('passing')
    const other = await service.submit('add', add, { expires: 1.5 })

    for (const id of [homeless, other]) {
      t.match(await service.finished(id), { state: 'REVOKED', error: { type: 'expired' } })
    }
    const { rows } = await service.db.pool.query('select from pgboss.job where id = $1', [homeless])
    t.strictSame(rows, [], 'there is no queue that its job could be kept in')
  })

  t.test('takes its tasks with it also when a queue of its name is created before a worker looks', async t => {
    const lost = await service.submit('add', add, { queue: 'passing' })
    const delayed = await service.submit('add', add, { queue: 'passing', countdown: 1 })
    await boss.deleteQueue('passing')
    await boss.createQueue('passing')
    const since = await service.submit('add', add, { queue: 'passing' })

    await startWorker(t)

    t.match(await service.finished(lost), { state: 'REVOKED', error: { type: 'queue_gone' }, attempts: 0 })
    for (const id of [delayed, since]) t.match(await service.finished(id), { state: 'SUCCESS' })
    t.equal((await service.post(`/api/tasks/${lost}/retry`)).statusCode, 202)
    t.match(await service.finished(lost), { state: 'SUCCESS' })
  })

  t.test('takes its delayed tasks with it when their time comes, and no others', async t => {
    const homeless = await service.submit('add', add, { queue: 'passing', countdown: 1 })
    const other = await service.submit('add', add, { countdown: 1 })
    await boss.deleteQueue('passing')

    await startWorker(t)

    t.match(await service.finished(other), { state: 'SUCCESS' })
    t.match(await service.finished(homeless), { state: 'REVOKED', error: { type: 'queue_gone' }, attempts: 0 })
    const { rows } = await service.db.pool.query('select from pgboss.job where id = $1', [homeless])
    t.strictSame(rows, [])
  })
})

t.test('workers', async t => {
  const service = await openService(t, { env: oneChild, worker: true })
  const boss = await openPgBoss(t, service)

  t.test('of all queues serve one that is created after their start', async t => {
    await boss.createQueue('afterwards')

    const id = await service.submit('add', add, { queue: 'afterwards' })

    t.match(await service.finished(id), { state: 'SUCCESS', queue: 'afterwards' })
    t.match(await queueOf(service, 'afterwards'), { depth: 0, running: 0, per_minute: { created: 1, finished: 1 } })
    const { rows } = await service.db.pool.query('select queues from darkroom.workers')
    t.ok(rows[0].queues.includes('afterwards'), 'and say so')
  })

  t.test('of some queues leave the others alone', async t => {
    const service = await openService(t)
    await service.startWorker({ WORKER_QUEUES: 'media,low_priority' })
    const left = await service.submit('add', add, { queue: apart, priority: 9 })

    for (const queue of ['media', 'low_priority', 'media']) {
      t.match(await service.finished(await service.submit('add', add, { queue })), { state: 'SUCCESS' })
    }

    t.match(await read(service, left), { state: 'PENDING' })
    t.match(await queueOf(service, apart), { depth: 1, running: 0 })
  })
})

t.test('a pause ends by itself, in HTTP, in SQL and for workers, and a later one begins anew', async t => {
  const service = await openService(t)
  const pause = (body?: object) => service.post('/api/queues/default/pause', body)
  const queue = async () =>
    (await service.get('/api/queues')).json().items.find(({ name }: { name: string }) => name === 'default')
  const until = new Date(Date.now() + 3_600_000).toISOString()

  const first = (await pause({ reason: 'the disk is full', until })).json()
  t.match(first, { paused: true, reason: 'the disk is full', until, paused_by: '127.0.0.1' })
  t.match((await pause()).json(), { paused_at: first.paused_at, reason: first.reason, until })
  const id = await service.submit('add', { x: 1, y: 2 })
  t.match((await service.get(`/api/tasks/${id}/why`)).json(), { code: 'queue_paused' })
  const problems = (await service.get('/api/problems')).json().items
  t.match(problems.find(({ code }: any) => code === 'queue_paused')?.sentence, /the disk is full.*it resumes at/)

  await service.db.pool.query(`update darkroom.queues set until = now() - interval '1 second'`)
  t.match(await queue(), { paused: false, paused_at: null, reason: null, until: null, paused_by: null })
  const { rows } = await service.db.pool.query(`select paused, until from ops.queue_depth where name = 'default'`)
  t.match(rows, [{ paused: false, until: null }])
  await service.startWorker()
  t.match(await service.finished(id), { state: 'SUCCESS' })

  const again = (await pause()).json()
  t.match(again, { paused: true, reason: null, until: null })
  t.ok(again.paused_at > first.paused_at)
  for (const body of [
    { until: 'soon' },
    { until: '2020-01-01T00:00:00Z' },
    { reason: 'x'.repeat(501) },
    { why: 'x' }
  ]) {
    t.match((await pause(body)).json(), { status: 400, code: 'INVALID_REQUEST' })
  }
})
