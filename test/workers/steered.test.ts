import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import t from 'tap'
import type { WorkerBody } from '../../src/workers/schemas.ts'
import { gate } from '../harness/gate.ts'
import { waitingForLocks } from '../harness/locks.ts'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { spawnWorker, withoutFilms } from '../harness/worker-process.ts'

const env = { TASKS_DIR: await taskFolder(t, gate), ...withoutFilms }
const nobody = '01980000-0000-7000-8000-000000000000'

const read = async ({ get }: Service, id: string): Promise<WorkerBody> => (await get(`/api/workers/${id}`)).json()

const stateOf = async ({ get }: Service, id: string) => (await get(`/api/tasks/${id}`)).json().state

// A queue that no internal kind uses.
const apart = 'media'

/** Tasks that each wait for a file of their own. */
async function submitGates(service: Service, names: string[]) {
  const gates = names.map(name => path.join(service.dataDir, name))
  const ids: string[] = []
  for (const gate of gates) ids.push(await service.submit('gate', { gate }, { queue: apart }))
  return gates.map((gate, index) => ({ id: ids[index]!, open: () => writeFile(gate, '') }))
}

t.test('a higher concurrency starts more tasks, and a lower one lets running tasks finish first', async t => {
  const service = await openService(t, { env })
  const worker = await service.startWorker({ WORKER_CONCURRENCY: '1', WORKER_QUEUES: apart })
  const [a, b, c, d] = (await submitGates(service, ['a', 'b', 'c', 'd'])) as [any, any, any, any]
  await service.until(a.id, ({ state }) => state === 'STARTED')

  const response = await service.patch(`/api/workers/${worker.id}`, { concurrency: 3 })

  t.equal(response.statusCode, 200)
  t.match(response.json(), { id: worker.id, concurrency: 3, paused: false })
  // Tasks that have not started would be put back.
  for (const { id } of [a, b, c]) await service.until(id, ({ progress }) => progress !== null)
  await until(async () => (await read(service, worker.id)).children === 3, 'it has three children')

  t.match((await service.patch(`/api/workers/${worker.id}`, { concurrency: 1 })).json(), { concurrency: 1 })
  await until(async () => (await stateOf(service, d.id)) === 'PENDING', 'what was taken ahead is put back')
  for (const { id } of [a, b, c]) t.equal(await stateOf(service, id), 'STARTED')
  await Promise.all([a.open(), b.open()])
  for (const { id } of [a, b]) t.match(await service.finished(id), { state: 'SUCCESS', attempts: 1 })
  await until(async () => (await read(service, worker.id)).children === 1, 'two children have ended')
  await until(async () => (await read(service, worker.id)).running.length <= 2, 'one runs, one may wait')
  await Promise.all([c.open(), d.open()])
  for (const { id } of [c, d]) t.match(await service.finished(id), { state: 'SUCCESS', attempts: 1 })
})

t.test(
  'a paused worker finishes its running tasks, puts back those that have not begun, and takes no more',
  async t => {
    const service = await openService(t, { env, needsWorker: true })
    const worker = await service.startWorker({ WORKER_CONCURRENCY: '1', WORKER_QUEUES: apart })
    const [running, ahead] = (await submitGates(service, ['running', 'ahead'])) as [any, any]
    await service.until(running.id, ({ state }) => state === 'STARTED')

    const response = await service.patch(`/api/workers/${worker.id}`, { paused: true })

    t.equal(response.statusCode, 200)
    t.match(response.json(), { paused: true, status: 'running' })
    await service.until(ahead.id, ({ state }) => state === 'PENDING')
    t.equal(await stateOf(service, running.id), 'STARTED')
    await running.open()
    t.match(await service.finished(running.id), { state: 'SUCCESS', attempts: 1 })
    // Meanwhile another worker has claimed tasks several times, and so would have the paused one.
    const other = await service.startWorker({ WORKER_QUEUES: 'high_priority' })
    for (let round = 0; round < 5; round++) {
      await service.submit('add', { x: round, y: 0 }, { queue: apart })
      await service.finished(await service.submit('add', { x: 1, y: 1 }, { queue: 'high_priority' }))
    }
    const { items } = (await service.get(`/api/tasks?worker=${worker.id}`)).json()
    t.strictSame(
      items.map(({ id }: { id: string }) => id),
      [running.id]
    )
    await other.stop(0)
    t.equal((await service.get('/health/ready')).statusCode, 200, 'it is up all the same')

    t.match((await service.patch(`/api/workers/${worker.id}`, { paused: false })).json(), { paused: false })
    await ahead.open()
    t.match(await service.finished(ahead.id), { state: 'SUCCESS', attempts: 1 })
  }
)

t.test('a paused worker still promotes delayed tasks', async t => {
  const service = await openService(t)
  const worker = await service.startWorker({ WORKER_QUEUES: apart })
  await service.patch(`/api/workers/${worker.id}`, { paused: true })

  await service.submit('add', { x: 1, y: 1 }, { countdown: 0.1 })

  await until(async () => {
    const { items } = (await service.get('/api/queues')).json()
    return items.find(({ name }: { name: string }) => name === 'default').depth === 1
  }, 'its time has come')
})

t.test('a change of the desired state reaches the worker without the API and without a notification', async t => {
  const service = await openService(t, { env })
  const worker = await service.startWorker({ WORKER_CONCURRENCY: '1', WORKER_QUEUES: apart })
  const gates = (await submitGates(service, ['a', 'b'])) as any[]

  // What the API does, without the notification.
  await service.db.pool.query(`update darkroom.workers set concurrency = 2 where id = $1`, [worker.id])
  for (const { id } of gates) await service.until(id, ({ progress }) => progress !== null)
  await service.db.pool.query(`update darkroom.workers set paused_at = now() where id = $1`, [worker.id])

  const other = await openService(t, { env: { DATABASE_URL: service.url, DATA_DIR: service.dataDir } })
  t.match(await read(other, worker.id), { paused: true, concurrency: 2 })
  await Promise.all(gates.map(({ open }) => open()))
})

t.test('a worker that was declared lost keeps its desired state under its new id', async t => {
  const service = await openService(t, { env })
  const worker = await spawnWorker(t, service, { WORKER_CONCURRENCY: '1' })
  await service.patch(`/api/workers/${worker.id}`, { paused: true, concurrency: 2 })

  await service.db.pool.query(`update darkroom.workers set status = 'lost', stopped_at = now() where id = $1`, [
    worker.id
  ])

  const next = await until(async () => {
    const { items } = (await service.get('/api/workers')).json()
    return items.find(({ id, children }: WorkerBody) => id !== worker.id && children > 0)
  }, 'it is back')
  t.match(next, { pid: worker.pid, paused: true, concurrency: 2, status: 'running' })
})

t.test('requests to a worker that does nothing', async t => {
  const service = await openService(t)
  const worker = await service.startWorker({ WORKER_CONCURRENCY: '1' })

  t.test('a change can be repeated, one field leaves the other alone, and an empty change changes nothing', async t => {
    const { id } = worker

    for (const [body, expected] of [
      [{ paused: true }, { paused: true, concurrency: 1 }],
      [{ paused: true }, { paused: true, concurrency: 1 }],
      [{ concurrency: 2 }, { paused: true, concurrency: 2 }],
      [{}, { paused: true, concurrency: 2 }],
      [
        { paused: false, concurrency: 1 },
        { paused: false, concurrency: 1 }
      ]
    ]) {
      const response = await service.patch(`/api/workers/${id}`, body)
      t.equal(response.statusCode, 200)
      t.match(response.json(), expected!)
    }
  })

  t.test('a bad body is refused with the name of each field, and changes nothing', async t => {
    const { id } = worker
    const bad: [body: unknown, field: string][] = [
      [{ concurrency: 0 }, 'concurrency'],
      [{ concurrency: 257 }, 'concurrency'],
      [{ concurrency: -1 }, 'concurrency'],
      [{ concurrency: 1.5 }, 'concurrency'],
      [{ concurrency: '2' }, 'concurrency'],
      [{ concurrency: null }, 'concurrency'],
      [{ concurrency: 1e300 }, 'concurrency'],
      [{ paused: 'true' }, 'paused'],
      [{ paused: 1 }, 'paused'],
      [{ paused: null }, 'paused'],
      [{ pause: true }, 'pause'],
      [{ concurrency: 2, status: 'stopped' }, 'status'],
      [[], ''],
      ['paused', '']
    ]

    for (const [body, field] of bad) {
      const response = await service.api.app.inject({
        method: 'PATCH',
        url: `/api/workers/${id}`,
        headers: { 'content-type': 'application/json' },
        payload: JSON.stringify(body)
      })
      t.equal(response.statusCode, 400, JSON.stringify(body))
      t.match(response.json(), { code: 'INVALID_REQUEST', errors: [{ field }] })
    }
    t.equal((await service.patch(`/api/workers/${id}`)).statusCode, 400, 'nothing at all')
    t.match(await read(service, id), { concurrency: 1, paused: false })
  })

  t.test('a worker that does not exist or has ended cannot be steered', async t => {
    const stopped = worker
    await stopped.stop(0)
    const silent = await service.startWorker({ WORKER_CONCURRENCY: '1' })
    await silent.stop(0)
    await service.db.pool.query(
      `update darkroom.workers set status = 'running', stopped_at = null, heartbeat_at = now() - interval '11 seconds'
      where id = $1`,
      [silent.id]
    )

    for (const id of [nobody, 'garbage', '%27']) {
      const response = await service.patch(`/api/workers/${id}`, { paused: true })
      t.equal(response.statusCode, 404, id)
      t.match(response.json(), { code: 'WORKER_NOT_FOUND' })
    }
    for (const [{ id }, word] of [
      [stopped, 'stopped'],
      [silent, 'lost']
    ] as const) {
      const response = await service.patch(`/api/workers/${id}`, { paused: true })
      t.equal(response.statusCode, 409)
      t.match(response.json(), { code: 'WORKER_GONE', detail: new RegExp(word) })
      t.match(await read(service, id), { paused: false })
    }
  })
})

for (const [what, steer] of [
  ['paused', (service: Service, id: string) => service.patch(`/api/workers/${id}`, { paused: true })],
  ['told to end', (service: Service, id: string) => service.post(`/api/workers/${id}/shutdown`)]
] as const) {
  t.test(`a task that a worker claims while it is ${what} goes back as if it had never been claimed`, async t => {
    const service = await openService(t, { env })
    const id = await service.submit('add', { x: 1, y: 2 }, { queue: apart })
    const client = new pg.Client({ connectionString: service.url })
    await client.connect()
    t.teardown(() => client.end())
    await client.query('begin')
    // The worker's claim waits for this row.
    await client.query('select from darkroom.tasks where id = $1 for update', [id])
    const worker = await spawnWorker(t, service, { WORKER_CONCURRENCY: '1', WORKER_QUEUES: apart })
    await waitingForLocks(service, 'it has asked')

    await steer(service, worker.id)
    await worker.heard('told to ')
    await client.query('commit')

    const states = async () => {
      const { rows } = await service.db.pool.query('select state from darkroom.events where task_id = $1 order by id', [
        id
      ])
      return rows.map(({ state }) => state).join(' ')
    }
    await until(async () => (await states()).endsWith('STARTED PENDING'), 'it is back')
    t.match((await service.get(`/api/tasks/${id}`)).json(), { state: 'PENDING', attempts: 0, worker: null })
    if (what === 'told to end') t.strictSame(await worker.exited, { code: 0, signal: null })
    t.match(await read(service, worker.id), { running: [], tasks: { started: 0 } })
    await service.startWorker({ WORKER_CONCURRENCY: '1', WORKER_QUEUES: apart })
    t.match(await service.finished(id), { state: 'SUCCESS', attempts: 1 })
  })
}
