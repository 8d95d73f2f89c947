import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import type { WorkerBody } from '../../src/workers/schemas.ts'
import { families, processesIn } from '../harness/family.ts'
import { gate } from '../harness/gate.ts'
import { isGone } from '../harness/gone.ts'
import { outcomes } from '../harness/outcomes.ts'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder } from '../harness/task-folder.ts'
import { spawnWorker, withoutFilms } from '../harness/worker-process.ts'

const env = { TASKS_DIR: await taskFolder(t, { ...gate, ...families }), ...withoutFilms }
// A queue without the service's own tasks, which would be counted too.
const apart = 'media'
const unknown = '01980000-0000-7000-8000-000000000000'

const read = async ({ get }: Service, id: string): Promise<WorkerBody> => (await get(`/api/workers/${id}`)).json()

t.test('a worker that is shut down lets its running tasks end, and takes nothing new', async t => {
  const service = await openService(t, { env, needsWorker: true })
  // The grace of signals does not matter here.
  const worker = await spawnWorker(t, service, { WORKER_CONCURRENCY: '1', WORKER_QUEUES: apart }, ['--grace', '0'])
  const file = path.join(service.dataDir, 'gate')
  const running = await service.submit('gate', { gate: file }, { queue: apart })
  await service.until(running, ({ state }) => state === 'STARTED')
  const ahead = await service.submit('gate', { gate: file }, { queue: apart })

  // Without a body or a word as with one: had one of them been cold, it would stay so.
  for (const body of [undefined, {}, { mode: 'warm' }]) {
    const response = await service.post(`/api/workers/${worker.id}/shutdown`, body)
    t.equal(response.statusCode, 202)
    t.match(response.json(), { id: worker.id, status: 'running', shutdown: 'warm' })
  }

  t.equal((await service.get('/health/ready')).statusCode, 503, 'it does not count as one that is up')
  await worker.heard('told to end')
  await service.until(ahead, ({ state }) => state === 'PENDING')
  await writeFile(file, '')
  t.strictSame(await worker.exited, { code: 0, signal: null })
  t.match(await service.finished(running), { state: 'SUCCESS', attempts: 1 })
  t.match((await service.get(`/api/tasks/${ahead}`)).json(), { state: 'PENDING', attempts: 0 })
  t.match(await read(service, worker.id), {
    status: 'stopped',
    shutdown: 'warm',
    running: [],
    tasks: { started: 1, succeeded: 1, handed_back: 0 }
  })
})

t.test('a cold shutdown stops running tasks with all their processes, and hands them back uncounted', async t => {
  const service = await openService(t, { env })
  const file = path.join(service.dataDir, 'pids')
  const worker = await spawnWorker(t, service, { WORKER_CONCURRENCY: '1' }, ['--grace', '600'])
  const id = await service.submit('deaf', { file }, { max_retries: 0 })
  const pids = await processesIn(file)

  const response = await service.post(`/api/workers/${worker.id}/shutdown`, { mode: 'cold' })

  t.equal(response.statusCode, 202)
  t.match(response.json(), { shutdown: 'cold' })
  t.strictSame(await worker.exited, { code: 0, signal: null })
  t.ok(pids.every(isGone), 'its processes are gone')
  t.match((await service.get(`/api/tasks/${id}`)).json(), { state: 'RETRY', worker: null, error: { type: 'shutdown' } })
  t.match(await read(service, worker.id), { status: 'stopped', tasks: { handed_back: 1 } })
  await service.startWorker({ WORKER_CONCURRENCY: '1' })
  t.match(await service.finished(id), { state: 'SUCCESS', attempts: 2 })
  t.strictSame(await outcomes(service, id), ['shutdown', 'success'])
})

t.test('a warm shutdown that takes too long can be made cold, and not warm again', async t => {
  const service = await openService(t, { env })
  const worker = await spawnWorker(t, service, { WORKER_CONCURRENCY: '1' })
  const id = await service.submit('gate', { gate: path.join(service.dataDir, 'never') })
  await service.until(id, ({ state }) => state === 'STARTED')
  const shutDown = async (mode: string) => (await service.post(`/api/workers/${worker.id}/shutdown`, { mode })).json()

  t.match(await shutDown('warm'), { shutdown: 'warm' })
  t.match(await shutDown('warm'), { shutdown: 'warm' }, 'twice is once')
  await worker.heard('told to end')
  t.match(await shutDown('cold'), { shutdown: 'cold' })
  const again = await shutDown('warm')

  t.ok(again.shutdown === 'cold' || again.code === 'WORKER_GONE', JSON.stringify(again))
  t.strictSame(await worker.exited, { code: 0, signal: null })
  t.match((await service.get(`/api/tasks/${id}`)).json(), { state: 'RETRY', error: { type: 'shutdown' } })
})

t.test('a cold shutdown ends the grace of a worker that stops after a signal', async t => {
  const service = await openService(t, { env })
  const worker = await spawnWorker(t, service, { WORKER_CONCURRENCY: '1' }, ['--grace', '600'])
  const id = await service.submit('gate', { gate: path.join(service.dataDir, 'never') })
  await service.until(id, ({ state }) => state === 'STARTED')
  worker.kill('SIGTERM')
  await worker.heard('SIGTERM')

  t.equal((await service.post(`/api/workers/${worker.id}/shutdown`, { mode: 'cold' })).statusCode, 202)

  t.strictSame(await worker.exited, { code: 0, signal: null })
  t.match((await service.get(`/api/tasks/${id}`)).json(), { state: 'RETRY', error: { type: 'shutdown' } })
})

t.test('a signal ends a warm shutdown after its own grace', async t => {
  const service = await openService(t, { env })
  const worker = await spawnWorker(t, service, { WORKER_CONCURRENCY: '1' }, ['--grace', '0'])
  const id = await service.submit('gate', { gate: path.join(service.dataDir, 'never') })
  await service.until(id, ({ state }) => state === 'STARTED')
  await service.post(`/api/workers/${worker.id}/shutdown`)
  await worker.heard('told to end')

  worker.kill('SIGTERM')

  t.strictSame(await worker.exited, { code: 0, signal: null })
  t.match((await service.get(`/api/tasks/${id}`)).json(), { state: 'RETRY', error: { type: 'shutdown' } })
})

t.test('a shutdown without a notification is found with the next heartbeat', async t => {
  const service = await openService(t, { env })
  const worker = await spawnWorker(t, service, { WORKER_CONCURRENCY: '1' })

  await service.db.pool.query(`update darkroom.workers set shutdown = 'warm' where id = $1`, [worker.id])

  t.strictSame(await worker.exited, { code: 0, signal: null })
})

t.test('requests to a worker that does nothing', async t => {
  const service = await openService(t)
  const worker = await service.startWorker({ WORKER_CONCURRENCY: '1' })

  t.test('an invalid request is refused, and ends no worker', async t => {
    const { id } = worker
    const bad: [body: unknown, field: string][] = [
      [{ mode: 'hot' }, 'mode'],
      [{ mode: 'WARM' }, 'mode'],
      [{ mode: null }, 'mode'],
      [{ mode: ['warm'] }, 'mode'],
      [{ how: 'warm' }, 'how'],
      [{ mode: 'warm', after: 5 }, 'after'],
      [[], ''],
      ['warm', '']
    ]

    for (const [body, field] of bad) {
      const response = await service.api.app.inject({
        method: 'POST',
        url: `/api/workers/${id}/shutdown`,
        headers: { 'content-type': 'application/json' },
        payload: JSON.stringify(body)
      })
      t.equal(response.statusCode, 400, JSON.stringify(body))
      t.match(response.json(), { code: 'INVALID_REQUEST', errors: [{ field }] })
    }
    t.match(await read(service, id), { status: 'running', shutdown: null })
  })

  t.test('an unknown or ended worker cannot be shut down', async t => {
    await worker.stop(0)

    for (const id of [unknown, 'garbage']) {
      const response = await service.post(`/api/workers/${id}/shutdown`, { mode: 'cold' })
      t.equal(response.statusCode, 404, id)
      t.match(response.json(), { code: 'WORKER_NOT_FOUND' })
    }
    const response = await service.post(`/api/workers/${worker.id}/shutdown`)
    t.equal(response.statusCode, 409)
    t.match(response.json(), { code: 'WORKER_GONE' })
  })
})
