import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import t from 'tap'
import type { WorkerBody } from '../../src/workers/schemas.ts'
import { gate } from '../harness/gate.ts'
import { skipWithoutProc } from '../harness/processes.ts'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { spawnWorker, withoutFilms } from '../harness/worker-process.ts'

const TASKS_DIR = await taskFolder(t, {
  ...gate,
  'fail.ts': taskModule('fail', `throw new GiveUp('no')`),
  'crash.ts': taskModule('crash', `process.exit(7)`),
  'long.ts': taskModule('long', 'await delay(600_000)', 'time_limit: 0.2, max_retries: 0'),
  'burn.ts': taskModule(
    'burn',
    `const eater = spawn(process.execPath, ['-e', 'const held = Buffer.alloc(200e6, 1); for (;;) held.length'])
     await delay(600_000, undefined, { signal }).finally(() => eater.kill('SIGKILL'))`
  )
})

const env = { TASKS_DIR, ...withoutFilms }

// A queue that no internal kind uses: its tasks would be counted too.
const apart = 'high_priority'

const list = async ({ get }: Service): Promise<WorkerBody[]> => (await get('/api/workers')).json().items

const read = async ({ get }: Service, id: string): Promise<WorkerBody> => (await get(`/api/workers/${id}`)).json()

t.test('without a worker the list is empty, and no id is found', async t => {
  const service = await openService(t)

  t.strictSame((await service.get('/api/workers')).json(), { items: [] })
  for (const id of ['01980000-0000-7000-8000-000000000000', 'garbage', '%27', 'x'.repeat(300)]) {
    const response = await service.get(`/api/workers/${id}`)
    t.equal(response.statusCode, 404, id)
    t.match(response.json(), { code: 'WORKER_NOT_FOUND' })
  }
})

t.test('a worker that is still starting is not listed and does not make the service ready', async t => {
  const service = await openService(t, { needsWorker: true })
  // The start of the worker waits for this lock.
  const held = await service.db.pool.connect()
  await held.query('begin; lock table darkroom.declared_schedules')
  const starting = service.startWorker()
  const waits = `select from pg_stat_activity
    where datname = current_database() and application_name = 'darkroom worker' and wait_event_type = 'Lock'`
  await until(async () => (await service.db.pool.query(waits)).rowCount, 'the worker is starting')

  const workers = await list(service)
  const health = (await service.get('/health/ready')).json()
  await held.query('rollback')
  held.release()
  await starting

  t.strictSame(workers, [])
  t.match(health, { status: 'not ready', worker: false })
  t.match((await service.get('/health/ready')).json(), { status: 'ready', worker: true })
})

t.test('a worker is shown with its host, process, queues and kinds', async t => {
  const service = await openService(t, { env })
  const worker = await spawnWorker(t, service, { WORKER_QUEUES: 'high_priority,media', WORKER_CONCURRENCY: '3' })
  const one = await until(async () => (await list(service)).find(({ children }) => children === 1), 'it has reported')

  t.match(one, {
    id: worker.id,
    host: hostname(),
    pid: worker.pid,
    queues: ['high_priority', 'media'],
    concurrency: 3,
    paused: false,
    shutdown: null,
    status: 'running',
    stopped_at: null,
    running: [],
    tasks: { started: 0, succeeded: 0, failed: 0, timed_out: 0, crashed: 0, cancelled: 0, handed_back: 0 }
  })
  t.ok(one.pools.inline.includes('sweep') && one.pools.inline.includes('expire_results'))
  t.ok(one.pools.child.includes('gate') && one.pools.child.includes('process_video'))
  t.ok(one.heartbeat_age >= 0 && one.heartbeat_age < 10, String(one.heartbeat_age))
  t.ok(one.memory! > 30e6, String(one.memory))
  t.equal((await read(service, worker.id)).id, worker.id)
})

t.test('the newest worker comes first', async t => {
  const service = await openService(t)
  const ids: string[] = []
  for (const queue of ['default', 'media', 'low_priority']) {
    ids.unshift((await service.startWorker({ WORKER_QUEUES: queue, WORKER_CONCURRENCY: '1' })).id)
  }

  t.strictSame(
    (await list(service)).map(({ id }) => id),
    ids
  )
})

t.test('the tasks of a worker are shown while it holds them', async t => {
  const service = await openService(t, { env: { ...env, WORKER_QUEUES: apart }, worker: true })
  const file = path.join(service.dataDir, 'gate')
  const id = await service.submit('gate', { gate: file }, { queue: apart })
  const { started_at, worker } = await service.until(id, ({ state }) => state === 'STARTED')

  const [one] = await list(service)

  t.equal(one!.id, worker)
  t.strictSame(one!.running as unknown[], [{ task_id: id, task: 'gate', queue: apart, attempt: 1, started_at }])
  await until(async () => (await list(service))[0]!.tasks.started === 1, 'what runs has started')
  await writeFile(file, '')
  await service.finished(id)
  t.strictSame((await list(service))[0]!.running, [])
})

t.test('attempts since the start of a worker are counted by outcome', async t => {
  const service = await openService(t, { env: { ...env, WORKER_QUEUES: apart }, worker: true })
  const submit = (task: string, args?: unknown) => service.submit(task, args, { queue: apart })
  const gone = await submit('gate', { gate: path.join(service.dataDir, 'never') })
  await service.until(gone, ({ state }) => state === 'STARTED')
  await service.post(`/api/tasks/${gone}/cancel?wait=10`)
  const ids = await Promise.all([
    submit('add', { x: 1, y: 1 }),
    submit('add', { x: 1, y: 2 }),
    submit('fail'),
    submit('crash'),
    submit('long')
  ])
  for (const id of ids) await service.finished(id)

  const counted = await until(async () => {
    const [{ tasks }] = (await list(service)) as [WorkerBody]
    const { started, ...ended } = tasks
    return started === 8 && Object.values(ended).reduce((sum, count) => sum + count) === 8 && tasks
  }, 'it has reported all of them')
  t.strictSame(counted, {
    started: 8,
    succeeded: 2,
    failed: 1,
    timed_out: 1,
    crashed: 3,
    cancelled: 1,
    handed_back: 0
  })
})

t.test(
  'processes that a task has started count in the memory and CPU of its worker',
  { skip: skipWithoutProc },
  async t => {
    const service = await openService(t, { env })
    const worker = await spawnWorker(t, service, { WORKER_CONCURRENCY: '1' })
    const idle = await until(async () => {
      const one = await read(service, worker.id)
      return one.memory !== null ? one : undefined
    }, 'it has reported')

    const id = await service.submit('burn')

    await until(async () => {
      const { memory, cpu } = await read(service, worker.id)
      return memory! > idle.memory! + 150e6 && cpu! > 0.1
    }, 'it is seen')
    await service.post(`/api/tasks/${id}/cancel?wait=10`)
  }
)

t.test('a worker that has ended stays, as stopped or as lost', async t => {
  const service = await openService(t, { env })
  const stopped = await service.startWorker({ WORKER_CONCURRENCY: '1', WORKER_QUEUES: apart })
  const lost = await spawnWorker(t, service, { WORKER_CONCURRENCY: '1', WORKER_QUEUES: 'media' })
  await service.finished(await service.submit('add', { x: 1, y: 1 }, { queue: apart }))

  await stopped.stop(0)
  lost.kill('SIGKILL')
  await lost.exited

  const one = await read(service, stopped.id)
  t.match(one, { status: 'stopped', children: 0, running: [], tasks: { started: 1, succeeded: 1 } })
  t.ok(one.stopped_at)
  t.match(await read(service, lost.id), { status: 'running' }, 'nobody can know yet')
  // As if time had passed. No other worker is there to mark the row.
  await service.db.pool.query(
    `update darkroom.workers set heartbeat_at = now() - interval '11 seconds' where id = $1`,
    [lost.id]
  )
  const dead = await read(service, lost.id)
  t.match(dead, { status: 'lost' })
  t.ok(dead.heartbeat_age >= 11)
  t.equal(Date.parse(String(dead.stopped_at)), Date.parse(String(dead.heartbeat_at)) + 10_000)
})
