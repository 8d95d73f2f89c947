import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { families, processesIn } from '../harness/family.ts'
import { isGone } from '../harness/gone.ts'
import { outcomes } from '../harness/outcomes.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { spawnWorker } from '../harness/worker-process.ts'

const folder = await taskFolder(t, {
  ...families,
  'witnessed.ts': taskModule(
    'witnessed',
    `const { existsSync } = await import('node:fs')
     appendFileSync(args.file, 'begun ' + id + ' ' + attempt + '\\n')
     await delay(args.ms ?? 0)
     while (args.gate && !existsSync(args.gate)) await delay(20, undefined, { signal })
     appendFileSync(args.file, 'done ' + id + '\\n')`,
    'max_retries: 0'
  )
})

t.test('a worker that stops hands back its running tasks, uncounted', async t => {
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

t.test('a worker that stops lets a task finish that does so in time', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const first = await spawnWorker(t, service, {}, ['--grace', '30'])
  const [gate, file] = ['gate', 'file'].map(name => path.join(service.dataDir, name)) as [string, string]
  const id = await service.submit('witnessed', { gate, file })
  await until(() => existsSync(file), 'its body runs')
  const seen = async () => (await service.get(`/api/workers/${first.id}`)).json()

  first.kill('SIGTERM')

  await until(async () => (await seen()).shutdown === 'warm', 'its row says that it is ending')
  t.match(await seen(), { status: 'running', running: [{ task_id: id }] })
  await writeFile(gate, '')
  t.strictSame(await first.exited, { code: 0, signal: null })
  t.match((await service.get(`/api/tasks/${id}`)).json(), { state: 'SUCCESS', attempts: 1, worker: first.id })
  const { rows } = await service.db.pool.query('select status from darkroom.workers where id = $1', [first.id])
  t.equal(rows[0].status, 'stopped')
})

t.test('workers that are replaced under load lose no task and finish none twice', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const file = path.join(service.dataDir, 'witness')
  const gate = path.join(service.dataDir, 'gate')
  const deploy = () => spawnWorker(t, service, { WORKER_CONCURRENCY: '4' }, ['--grace', '1'])
  let worker = await deploy()
  const accepted: string[] = []
  let loading = true
  t.teardown(() => {
    loading = false
  })
  const submit = async (more = {}) => {
    const id = await service.submit('witnessed', { file, ...more })
    accepted.push(id)
    return id
  }
  // As clients do that wait for their tasks.
  const load = async () => {
    for (let count = 0; loading; count++) await service.finished(await submit({ ms: count % 10 === 0 ? 20 : 0 }))
  }
  const loads = Promise.all(Array.from({ length: 16 }, load))

  for (let version = 0; version < 2; version++) {
    // A task that takes longer than the grace of its worker.
    const id = await submit({ gate })
    await service.until(id, ({ state }) => state === 'STARTED')
    const next = await deploy()
    worker.kill('SIGTERM')
    t.strictSame(await worker.exited, { code: 0, signal: null })
    worker = next
  }
  loading = false
  await loads
  await writeFile(gate, '')

  const { pool } = service.db
  const open = `select from darkroom.tasks where task = 'witnessed' and finished_at is null limit 1`
  await until(async () => (await pool.query(open)).rowCount === 0, 'all are over')
  const { rows } = await pool.query(
    `select state, failures, crashes, count(*)::int from darkroom.tasks where task = 'witnessed' group by 1, 2, 3`
  )
  t.strictSame(rows, [{ state: 'SUCCESS', failures: 0, crashes: 0, count: accepted.length }])
  const said = (await readFile(file, 'utf8')).trim().split('\n')
  const done = said.filter(line => line.startsWith('done'))
  t.strictSame(done.toSorted(), accepted.map(id => `done ${id}`).toSorted(), 'each was done once')
  const begun = said.filter(line => line.startsWith('begun'))
  t.equal(new Set(begun).size, begun.length, 'no attempt was begun twice')
  t.ok(begun.length > done.length, 'some were cut short')
})

t.test('a worker that does not know a kind leaves its tasks to a worker that does', async t => {
  const TASKS_DIR = await taskFolder(t, { 'fresh.ts': taskModule('fresh', 'return attempt') })
  const service = await openService(t, { env: { TASKS_DIR } })
  await spawnWorker(t, service, { TASKS_DIR: '' })
  const id = await service.submit('fresh', {}, { max_retries: 0 })
  t.equal((await service.finished(await service.submit('add', { x: 1, y: 2 }))).result, 3)

  const { id: worker } = await service.startWorker()

  t.match(await service.finished(id), { state: 'SUCCESS', result: 1, attempts: 1, worker })
})
