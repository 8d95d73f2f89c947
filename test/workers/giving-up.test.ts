import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import { borrowDatabase } from '../harness/database.ts'
import { gate } from '../harness/gate.ts'
import { outcomes } from '../harness/outcomes.ts'
import { openProxy } from '../harness/proxy.ts'
import { openService } from '../harness/service.ts'
import { taskFolder } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { spawnWorker, type WorkerProcess, withoutFilms } from '../harness/worker-process.ts'

const folder = await taskFolder(t, gate)

// Each test has a worker of its own, and mostly waits for it.
t.jobs = 4

/** A worker that gives up soon, on a connection that can be cut; the service has another one. */
async function open(t: Test, seconds: string) {
  const url = await borrowDatabase(t)
  const proxy = await openProxy(t, url)
  const service = await openService(t, { env: { DATABASE_URL: url, TASKS_DIR: folder, ...withoutFilms } })
  const worker = await spawnWorker(t, service, {
    DATABASE_URL: proxy.url,
    WORKER_CONCURRENCY: '1',
    // House-keeping has another queue: its tasks would be running when the connection is cut.
    WORKER_QUEUES: 'default',
    WORKER_GIVE_UP_AFTER: seconds,
    LOG_LEVEL: 'debug'
  })
  const misses = () => worker.said.filter(line => line.includes('the lease could not be renewed')).length
  return { proxy, service, worker, misses }
}

const hasBegun = ({ said }: WorkerProcess, id: string) =>
  until(
    () => said.some(line => line.includes(id) && line.includes('"msg":"attempt started"')),
    'it knows that it has it'
  )

const lastWords = ({ said }: WorkerProcess) =>
  said.filter(line => line.includes('"level":60')).map(line => JSON.parse(line).msg)

t.test('a worker without tasks that cannot reach its database for long logs that once, and ends', async t => {
  const { proxy, worker } = await open(t, '1')

  proxy.cut()

  t.strictSame(await worker.exited, { code: 1, signal: null })
  t.match(lastWords(worker), [/^The database could not be reached for 1 s \(.+\): this worker gives up$/])
})

t.test('a worker whose claim queries are never answered does too, although its heartbeats are', async t => {
  const { proxy, worker } = await open(t, '1')

  proxy.swallowAnswersWith('retry_backoff_max')

  t.strictSame(await worker.exited, { code: 1, signal: null })
  t.match(lastWords(worker), [/the claim query got no response/])
})

t.test('a worker that reaches the database again in time goes on', async t => {
  const { proxy, service, misses } = await open(t, '600')
  proxy.cut()
  await until(() => misses() >= 1, 'it has noticed')

  proxy.restore()

  t.match(await service.finished(await service.submit('add', { x: 1, y: 2 })), { state: 'SUCCESS', result: 3 })
})

t.test('a running task may end, and its outcome is written when the database is back', async t => {
  const { proxy, service, worker, misses } = await open(t, '1')
  const file = path.join(service.dataDir, 'gate')
  const id = await service.submit('gate', { gate: file })
  await hasBegun(worker, id)

  proxy.cut()
  await until(() => misses() >= 3, 'it has missed more than it gives up after')
  proxy.restore()
  await writeFile(file, '')

  t.match(await service.finished(id), { state: 'SUCCESS', attempts: 1 })
  t.strictSame(await outcomes(service, id), ['success'])
  t.strictSame(lastWords(worker), [])
})

t.test('an outcome that cannot be written in time is logged, and its task is retried', async t => {
  const { proxy, service, worker, misses } = await open(t, '1')
  const file = path.join(service.dataDir, 'gate')
  const id = await service.submit('gate', { gate: file })
  await hasBegun(worker, id)

  proxy.cut()
  await until(() => misses() >= 1, 'it has noticed')
  await writeFile(file, '')

  t.strictSame(await worker.exited, { code: 1, signal: null })
  t.match(lastWords(worker), [/this worker gives up; 1 outcome could not be written, and its task is tried/])
  await service.startWorker({ WORKER_CONCURRENCY: '1' })
  t.match(await service.finished(id), { state: 'SUCCESS', attempts: 2 })
  t.strictSame(await outcomes(service, id), ['crashed', 'success'])
})
