import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { gate } from '../harness/gate.ts'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'

const folder = await taskFolder(t, {
  ...gate,
  'note.ts': taskModule(
    'note',
    `appendFileSync(args.file, '+'); await delay(args.milliseconds ?? 0); appendFileSync(args.file, '-')`
  )
})

// A queue without the service's own tasks: they would take a place too.
const apart = 'high_priority'

const read = async (service: Service, id: string) => (await service.get(`/api/tasks/${id}`)).json()

async function lifeOf({ db }: Service, id: string) {
  const { rows } = await db.pool.query('select state, attempt from darkroom.events where task_id = $1 order by id', [
    id
  ])
  return rows.map(({ state, attempt }) => `${state} ${attempt}`)
}

async function attemptsAt({ db }: Service, ids: string[]) {
  const { rows } = await db.pool.query('select task_id from darkroom.attempts where task_id = any($1)', [ids])
  return rows.length
}

async function bulk(service: Service, tasks: unknown[]): Promise<string[]> {
  return (await service.post('/api/tasks/bulk', { tasks })).json().ids
}

/** A worker that expects short tasks, and claims many at a time. */
async function warmedUp(service: Service, env = {}) {
  const worker = await service.startWorker({ WORKER_CONCURRENCY: '2', ...env })
  const ids = await bulk(
    service,
    Array.from({ length: 100 }, (_, x) => ({ task: 'add', args: { x, y: 0 } }))
  )
  await Promise.all(ids.map(id => service.finished(id)))
  return worker
}

/** Two tasks that hold both children until the gate opens, and short ones that were submitted after them. */
async function longAndShort(service: Service, name: string) {
  const gate = path.join(service.dataDir, name)
  const [one, other, ...short] = await bulk(service, [
    { task: 'gate', args: { gate }, priority: 9 },
    { task: 'gate', args: { gate }, priority: 9 },
    ...Array.from({ length: 5 }, (_, x) => ({ task: 'add', args: { x, y: 0 } }))
  ])
  return { long: [one!, other!], short, open: () => writeFile(gate, '') }
}

/** The worker holds none of the tasks any more, and had held some. */
async function putBack(service: Service, ids: string[]) {
  await until(async () => {
    const lives = await Promise.all(ids.map(id => lifeOf(service, id)))
    return lives.some(life => life.length > 1) && lives.every(life => life.at(-1) === 'PENDING 0')
  }, 'they are put back')
}

t.test('tasks claimed ahead behind long ones are put back and run elsewhere, as before the claim', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const worker = await warmedUp(service)
  const { long, short, open } = await longAndShort(service, 'gate')

  await putBack(service, short)
  for (const id of short)
    t.match(await read(service, id), { state: 'PENDING', attempts: 0, worker: null, started_at: null })
  t.equal(await attemptsAt(service, short), 0)

  const second = await service.startWorker({ WORKER_CONCURRENCY: '1' })
  for (const [x, id] of short.entries()) {
    t.match(await service.finished(id), { state: 'SUCCESS', result: x, attempts: 1, worker: second.id })
    t.match((await service.get(`/api/tasks/${id}/attempts`)).json().items, [{ number: 1, outcome: 'success' }])
  }
  for (const id of long) t.match(await read(service, id), { state: 'STARTED', attempts: 1, worker: worker.id })
  await open()
  for (const id of long) t.match(await service.finished(id), { state: 'SUCCESS', attempts: 1, result: 1 })
})

t.test('a task that was put back once is not claimed ahead until there is room', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  await warmedUp(service)
  const { short, open } = await longAndShort(service, 'gate')
  await putBack(service, short)

  // Enough wakes to claim the task again, and to put it back, several times.
  for (let wake = 0; wake < 5; wake++) {
    const id = await service.submit('add', { x: 1, y: 1 }, { priority: 0, expires: 0.3 })
    await service.finished(id)
    // House-keeping needs no child, so there is no more room after it.
    await service.finished(await service.submit('expire_keys'))
  }

  for (const id of short) {
    t.match((await lifeOf(service, id)).join(), /^PENDING 0(,STARTED 1,PENDING 0)?$/)
  }
  await open()
  for (const id of short) t.match(await service.finished(id), { state: 'SUCCESS', attempts: 1 })
})

t.test('tasks claimed ahead by a multiplier are not put back and claimed again all the time', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  await service.startWorker({
    WORKER_CONCURRENCY: '1',
    WORKER_PREFETCH_MULTIPLIER: '3',
    WORKER_QUEUES: apart
  })
  const gate = path.join(service.dataDir, 'gate')
  const ids = await bulk(
    service,
    Array.from({ length: 5 }, () => ({ task: 'gate', queue: apart, args: { gate } }))
  )
  await until(
    async () =>
      (await Promise.all(ids.map(id => read(service, id)))).filter(({ state }) => state === 'STARTED').length === 3,
    'three are in hand'
  )

  for (let wake = 0; wake < 3; wake++) {
    await service.finished(await service.submit('add', { x: 1, y: 1 }, { queue: apart, expires: 0.3 }))
  }

  const lives = (await Promise.all(ids.map(id => lifeOf(service, id)))).map(life => life.join())
  t.strictSame(lives.toSorted(), [
    ...Array.from({ length: 2 }, () => 'PENDING 0'),
    ...Array.from({ length: 3 }, () => 'PENDING 0,STARTED 1')
  ])
  await writeFile(gate, '')
  for (const id of ids) t.match(await service.finished(id), { state: 'SUCCESS', attempts: 1 })
})

t.test('a task claimed ahead can be cancelled, and never runs', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  await warmedUp(service)
  const gate = path.join(service.dataDir, 'gate')
  const file = path.join(service.dataDir, 'noted')
  const [one, other, id] = await bulk(service, [
    { task: 'gate', args: { gate }, priority: 9 },
    { task: 'gate', args: { gate }, priority: 9 },
    { task: 'note', args: { file } }
  ])
  await Promise.all([one, other].map(id => service.until(id!, ({ state }) => state === 'STARTED')))

  const response = await service.post(`/api/tasks/${id}/cancel?wait=20`)

  // The task may just have been put back: the result is the same.
  t.equal(response.statusCode, 200)
  t.match(response.json(), { state: 'REVOKED', error: { type: 'cancelled' } })
  await writeFile(gate, '')
  await service.finished(await service.submit('add', { x: 1, y: 1 }))
  t.equal(await readFile(file, 'utf8').catch(() => 'nothing'), 'nothing')
})

t.test('a worker that stops puts back tasks that have not started', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const worker = await warmedUp(service)
  const { long, short, open } = await longAndShort(service, 'gate')
  await Promise.all(long.map(id => service.until(id, ({ state }) => state === 'STARTED')))

  const stopping = worker.stop(20)
  await until(
    async () => (await Promise.all(short.map(id => read(service, id)))).every(({ state }) => state === 'PENDING'),
    'they are put back'
  )
  await open()
  await stopping

  for (const id of long) t.match(await read(service, id), { state: 'SUCCESS', attempts: 1 })
  for (const id of short) t.match(await read(service, id), { state: 'PENDING', attempts: 0 })
  t.equal(await attemptsAt(service, short), 0)
  await service.startWorker()
  for (const id of short) t.match(await service.finished(id), { state: 'SUCCESS', attempts: 1 })
})

t.test('no more bodies run at once than there are children, however many tasks the worker holds', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  await warmedUp(service)
  const file = path.join(service.dataDir, 'noted')

  const ids = await bulk(
    service,
    Array.from({ length: 150 }, (_, n) => ({ task: 'note', args: { file, milliseconds: n % 10 === 0 ? 30 : 1 } }))
  )
  await Promise.all(ids.map(id => service.finished(id)))

  let running = 0
  let most = 0
  const notes = await readFile(file, 'utf8')
  for (const note of notes) {
    running += note === '+' ? 1 : -1
    most = Math.max(most, running)
  }
  t.equal(notes.length, 300, 'each ran once')
  t.equal(most, 2)
})
