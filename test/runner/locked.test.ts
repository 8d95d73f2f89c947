import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import t, { type Test } from 'tap'
import { gate } from '../harness/gate.ts'
import { waitingForLocks } from '../harness/locks.ts'
import { outcomes } from '../harness/outcomes.ts'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { spawnWorker } from '../harness/worker-process.ts'

const folder = await taskFolder(t, gate)
const add = { x: 1, y: 2 }

t.jobs = 3

/** An open psql transaction that holds a lock on a row. */
async function hold(t: Test, service: Service, row: string, id: string) {
  const client = new pg.Client({ connectionString: service.url })
  await client.connect()
  t.teardown(() => client.end())
  await client.query('begin')
  await client.query(`select from ${row} where id = $1 for update`, [id])
  return { letGo: () => client.query('commit') }
}

for (const row of ['pgboss.job', 'darkroom.tasks']) {
  t.test(`a lock on a row of ${row} delays the outcome of its task, and no other`, async t => {
    const service = await openService(t, { env: { TASKS_DIR: folder }, worker: true })
    const file = path.join(service.dataDir, 'gate')
    const id = await service.submit('gate', { gate: file })
    await service.until(id, ({ state }) => state === 'STARTED')
    const held = await hold(t, service, row, id)

    await writeFile(file, '')
    await waitingForLocks(service, 'it has ended, and its outcome waits')
    await service.finished(await service.submit('add', add))
    await service.finished(await service.submit('add', add))

    t.match((await service.get(`/api/tasks/${id}`)).json(), { state: 'STARTED' })
    await held.letGo()
    t.match(await service.finished(id), { state: 'SUCCESS', attempts: 1 })
    t.strictSame(await outcomes(service, id), ['success'])
  })
}

t.test('a lock on a waiting task delays that task, and no other', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const id = await service.submit('add', add, { priority: 9 })
  const held = await hold(t, service, 'darkroom.tasks', id)
  await service.startWorker()
  await waitingForLocks(service, 'it was to be taken')

  for (let turn = 0; turn < 5; turn++) await service.finished(await service.submit('add', add))

  t.match((await service.get(`/api/tasks/${id}`)).json(), { state: 'PENDING', attempts: 0 })
  await held.letGo()
  t.match(await service.finished(id), { state: 'SUCCESS', attempts: 1 })
})

t.test('the tasks of a lost worker are recovered, except one that is locked', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const dead = await spawnWorker(t, service, { WORKER_CONCURRENCY: '2' })
  const file = path.join(service.dataDir, 'gate')
  const ids = [await service.submit('gate', { gate: file }), await service.submit('gate', { gate: file })] as const
  for (const id of ids) await service.until(id, ({ state }) => state === 'STARTED')
  const held = await hold(t, service, 'pgboss.job', ids[0])

  dead.kill('SIGKILL')
  await dead.exited
  await service.startWorker()

  await service.until(ids[1], ({ state, attempts }) => state === 'STARTED' && attempts === 2)
  t.match((await service.get(`/api/tasks/${ids[0]}`)).json(), { state: 'STARTED', attempts: 1 })
  await held.letGo()
  await writeFile(file, '')
  for (const id of ids) t.match(await service.finished(id), { state: 'SUCCESS', attempts: 2 })
  await until(async () => (await service.get('/health/ready')).statusCode === 200, 'it is well')
})
