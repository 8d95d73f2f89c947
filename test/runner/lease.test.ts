import path from 'node:path'
import t from 'tap'
import { families, processesIn } from '../harness/family.ts'
import { outcomes } from '../harness/outcomes.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { spawnWorker } from '../harness/worker-process.ts'

const folder = await taskFolder(t, families)

t.test('a worker that is already there takes over when the lease has run out', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const file = path.join(service.dataDir, 'pids')
  const first = await spawnWorker(t, service)
  const second = await spawnWorker(t, service, { WORKER_QUEUES: 'default' })
  const id = await service.submit('patient', { file })
  await processesIn(file)
  const { worker } = (await service.get(`/api/tasks/${id}`)).json()
  const [dead, alive] = worker === first.id ? [first, second] : [second, first]

  dead.kill('SIGKILL')
  await dead.exited
  // What time would do.
  await service.db.pool.query(
    `update darkroom.workers set heartbeat_at = now() - interval '11 seconds' where id = $1`,
    [dead.id]
  )

  t.match(await service.finished(id, 40), { state: 'SUCCESS', attempts: 2, worker: alive.id })
})

t.test('one whose process is gone is not waited for by a worker on the same machine', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const file = path.join(service.dataDir, 'pids')
  const first = await spawnWorker(t, service, { WORKER_CONCURRENCY: '1' })
  const id = await service.submit('patient', { file })
  await processesIn(file)
  const second = await spawnWorker(t, service)

  first.kill('SIGKILL')
  await first.exited

  // It has missed a heartbeat, and its lease never runs out.
  await until(async () => {
    const { rowCount } = await service.db.pool.query(
      `update darkroom.workers set heartbeat_at = now() - interval '5 seconds' where id = $1 and status = 'running'`,
      [first.id]
    )
    return rowCount === 0
  }, 'it is known to be gone')
  t.match(await service.finished(id), { state: 'SUCCESS', attempts: 2, worker: second.id })
})

t.test('a worker that comes back from a stop too long writes nothing of what is no longer its own', async t => {
  const slow = await taskFolder(t, {
    'slow.ts': taskModule(
      'slow',
      `appendFileSync(args.file, process.pid + '\\n'); await delay(300); return 'of attempt ' + attempt`
    )
  })
  const service = await openService(t, { env: { TASKS_DIR: slow } })
  const file = path.join(service.dataDir, 'pids')
  const first = await spawnWorker(t, service)
  const id = await service.submit('slow', { file })
  await processesIn(file)

  first.kill('SIGSTOP')
  await service.db.pool.query(`update darkroom.workers set status = 'lost', stopped_at = now() where id = $1`, [
    first.id
  ])
  const second = await spawnWorker(t, service)
  const task = await service.finished(id)
  first.kill('SIGCONT')

  t.match(task, { state: 'SUCCESS', result: 'of attempt 2', attempts: 2, worker: second.id })
  // It takes a new name and works on: it is heard of again when it takes the only place there is for a task.
  second.kill('SIGTERM')
  await second.exited
  const again = await service.finished(await service.submit('slow', { file }))
  t.equal(again.state, 'SUCCESS')
  t.not(again.worker, first.id)
  t.strictSame(await outcomes(service, id), ['crashed', 'success'])
  t.strictSame((await service.get(`/api/tasks/${id}`)).json(), task)
})
