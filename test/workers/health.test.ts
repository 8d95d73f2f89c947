import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { borrowDatabase } from '../harness/database.ts'
import { openProxy } from '../harness/proxy.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'
import { spawnWorker, type WorkerProcess, withoutFilms } from '../harness/worker-process.ts'

/** The address of a worker's health check, from its log. */
async function addressOf(worker: WorkerProcess): Promise<string> {
  return JSON.parse(await worker.heard('"health"')).health
}

async function ask(url: string) {
  const response = await fetch(url)
  // What it has proved is another test's.
  const { media_sandbox: _, ...said } = (await response.json()) as Record<string, unknown>
  return [response.status, said]
}

const ready = [200, { status: 'ready' }]
const notReady = [503, { status: 'not ready' }]

// Each test has a worker of its own, and mostly waits for it.
t.jobs = 4

t.test('a worker reports readiness, on this machine alone, also while it is paused or shutting down', async t => {
  const service = await openService(t, { env: withoutFilms })
  const worker = await spawnWorker(t, service, { WORKER_CONCURRENCY: '1', WORKER_HEALTH_PORT: '0' })
  const address = await addressOf(worker)

  t.match(address, /^http:\/\/127\.0\.0\.1:\d+$/)
  t.strictSame(await ask(`${address}/health/ready`), ready)
  t.strictSame(await ask(`${address}/health/ready/?x=1`), ready)
  t.strictSame(await ask(`${address}/health/live`), [200, { status: 'live' }])
  t.strictSame(await ask(`${address}/elsewhere`), [404, { status: 'not found' }])
  await service.patch(`/api/workers/${worker.id}`, { paused: true })
  await worker.heard('told to take nothing')
  t.strictSame(await ask(`${address}/health/ready`), ready)

  await service.patch(`/api/workers/${worker.id}`, { paused: false })
  const id = await service.submit('sleep', { seconds: 600 })
  await service.until(id, ({ state }) => state === 'STARTED')
  await service.post(`/api/workers/${worker.id}/shutdown`, { mode: 'warm' })
  await worker.heard('told to end')
  t.strictSame(await ask(`${address}/health/ready`), ready)
})

t.test('a worker without answers from its database is not ready, and is again when they come', async t => {
  const { proxy, address } = await openBehindProxy(t)
  t.strictSame(await ask(`${address}/health/ready`), ready)

  proxy.cut()
  await until(async () => (await ask(`${address}/health/ready`))[0] === 503, 'it is not ready')
  t.strictSame(await ask(`${address}/health/ready`), notReady)
  t.strictSame(await ask(`${address}/health/live`), [200, { status: 'live' }])
  proxy.restore()

  await until(async () => (await ask(`${address}/health/ready`))[0] === 200, 'it is ready again')

  // Claim queries alone are never answered, while heartbeats are.
  proxy.swallowAnswersWith('retry_backoff_max')

  await until(async () => (await ask(`${address}/health/ready`))[0] === 503, 'it is not ready')
})

t.test('a port that is taken is reported with the name of its setting', async t => {
  const service = await openService(t, { env: withoutFilms })
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => other.once('listening', resolve))
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo

  await t.rejects(
    spawnWorker(t, service, { WORKER_CONCURRENCY: '1', WORKER_HEALTH_PORT: String(port) }),
    new RegExp(`WORKER_HEALTH_PORT ${port} is taken on 127\\.0\\.0\\.1`)
  )
  t.strictSame((await service.get('/api/workers')).json(), { items: [] })
})

async function openBehindProxy(t: Test) {
  const url = await borrowDatabase(t)
  const proxy = await openProxy(t, url)
  const service = await openService(t, { env: { DATABASE_URL: url, ...withoutFilms } })
  const worker = await spawnWorker(t, service, {
    DATABASE_URL: proxy.url,
    WORKER_CONCURRENCY: '1',
    WORKER_HEALTH_PORT: '0'
  })
  return { proxy, worker, address: await addressOf(worker) }
}
