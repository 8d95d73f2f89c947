import path from 'node:path'
import t from 'tap'
import { families, processesIn } from '../harness/family.ts'
import { isGone } from '../harness/gone.ts'
import { outcomes } from '../harness/outcomes.ts'
import { openService } from '../harness/service.ts'
import { taskFolder } from '../harness/task-folder.ts'
import { spawnWorker } from '../harness/worker-process.ts'

const folder = await taskFolder(t, families)

t.test('a worker that is told to stop hands back what it runs, uncounted', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const file = path.join(service.dataDir, 'pids')
  const first = await spawnWorker(t, service, {}, ['--grace', '0'])
  const id = await service.submit('patient', { file }, { max_retries: 0 })
  const pids = await processesIn(file)

  first.kill('SIGTERM')

  t.strictSame(await first.exited, { code: 0, signal: null })
  t.ok(pids.every(isGone), 'its processes are gone')
  const waiting = (await service.get(`/api/tasks/${id}`)).json()
  t.match(waiting, { state: 'RETRY', attempts: 1, worker: null, error: { type: 'shutdown' } })
  const { rows } = await service.db.pool.query('select failures, crashes from darkroom.tasks where id = $1', [id])
  t.strictSame(rows[0], { failures: 0, crashes: 0 })
  await spawnWorker(t, service)
  t.match(await service.finished(id), { state: 'SUCCESS', attempts: 2, error: null })
  t.strictSame(await outcomes(service, id), ['shutdown', 'success'])
})

t.test('a worker that is told to stop lets a task finish that does so in time', async t => {
  const service = await openService(t)
  const first = await spawnWorker(t, service, {}, ['--grace', '30'])
  const id = await service.submit('sleep', { seconds: 0.7 })
  await service.until(id, ({ state }) => state === 'STARTED')

  first.kill('SIGTERM')

  t.strictSame(await first.exited, { code: 0, signal: null })
  t.match((await service.get(`/api/tasks/${id}`)).json(), { state: 'SUCCESS', attempts: 1, worker: first.id })
  const { rows } = await service.db.pool.query('select status from darkroom.workers where id = $1', [first.id])
  t.equal(rows[0].status, 'stopped')
})

t.test('a worker that does not know a kind leaves its tasks to those that do', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const file = path.join(service.dataDir, 'pids')
  await spawnWorker(t, service, { TASKS_DIR: '' })
  const id = await service.submit('patient', { file }, { max_retries: 0 })

  const task = await service.finished(id)

  t.match(task, { state: 'FAILURE', error: { type: 'UnknownTask' } })
  t.equal((await service.finished(await service.submit('add', { x: 1, y: 2 }))).result, 3)
})
