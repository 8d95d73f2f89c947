import { randomUUID } from 'node:crypto'
import path from 'node:path'
import t from 'tap'
import { families, processesIn } from '../harness/family.ts'
import { isGone } from '../harness/gone.ts'
import { outcomes } from '../harness/outcomes.ts'
import { openService } from '../harness/service.ts'
import { taskFolder } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { spawnWorker } from '../harness/worker-process.ts'

const folder = await taskFolder(t, families)

for (const kind of ['patient', 'busy', 'deaf']) {
  t.test(`processes of a ${kind} task die with its worker, and the next worker recovers the task at once`, async t => {
    const service = await openService(t, { env: { TASKS_DIR: folder } })
    const file = path.join(service.dataDir, 'pids')
    const first = await spawnWorker(t, service)
    const id = await service.submit(kind, { file }, { max_retries: 0 })
    const pids = await processesIn(file)
    t.equal((await service.get(`/api/tasks/${id}`)).json().worker, first.id)

    first.kill('SIGKILL')
    await first.exited

    await until(() => pids.every(isGone), 'its processes are gone')
    const second = await spawnWorker(t, service)
    const task = await service.finished(id)
    t.match(task, { state: 'SUCCESS', result: 2, attempts: 2, worker: second.id, error: null })
    const { started_at } = (await service.get(`/api/workers/${second.id}`)).json()
    const waited = Date.parse(task.started_at!) - Date.parse(started_at)
    t.ok(waited < 5_000, `not only when the lease of the first has run out: ${waited} ms`)
    t.strictSame(await outcomes(service, id), ['crashed', 'success'])
    const { rows } = await service.db.pool.query('select status from darkroom.workers where id = $1', [first.id])
    t.equal(rows[0].status, 'lost')
  })
}

t.test('tasks that a killed worker had claimed ahead of its children do not count as crashed', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const file = path.join(service.dataDir, 'pids')
  const ahead = { WORKER_CONCURRENCY: '1', WORKER_PREFETCH_MULTIPLIER: '4' }
  const first = await spawnWorker(t, service, ahead)
  const culprit = await service.submit('busy', { file })
  await processesIn(file)
  const innocent = await Promise.all([1, 2, 3].map(x => service.submit('add', { x, y: 1 })))
  for (const id of innocent) await service.until(id, ({ state }) => state === 'STARTED')

  first.kill('SIGKILL')
  await first.exited
  await spawnWorker(t, service, ahead)

  for (const id of [culprit, ...innocent]) t.match(await service.finished(id), { state: 'SUCCESS', attempts: 2 })
  t.strictSame(await outcomes(service, culprit), ['crashed', 'success'])
  for (const id of innocent) t.strictSame(await outcomes(service, id), ['shutdown', 'success'])
})

t.test('all tasks of a killed worker are recovered at once, however many', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const tasks = Array.from({ length: 1_200 }, (_, x) => ({ task: 'add', args: { x, y: 0 } }))
  await service.post('/api/tasks/bulk', { tasks })
  const { pool } = service.db
  await pool.query(`update pgboss.job set state = 'active', started_on = now() where name = 'default'`)
  await pool.query(
    `update darkroom.tasks set state = 'STARTED', attempts = 1, started_at = now(), worker = '${randomUUID()}'`
  )

  await service.startWorker({ WORKER_QUEUES: 'other' })
  const left = `select from darkroom.tasks where state = 'STARTED' limit 1`
  await until(async () => (await pool.query(left)).rowCount === 0, 'they are handed on')

  const { rows } = await pool.query('select outcome, count(*)::int from darkroom.attempts group by 1 order by 1')
  t.strictSame(rows, [
    { outcome: 'crashed', count: 1 },
    { outcome: 'shutdown', count: 1_199 }
  ])
})
