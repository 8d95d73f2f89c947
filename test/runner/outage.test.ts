import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import { clusterUrl } from '../harness/cluster.ts'
import { waitingForLocks } from '../harness/locks.ts'
import { outcomes } from '../harness/outcomes.ts'
import { openProxy } from '../harness/proxy.ts'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { spawnWorker } from '../harness/worker-process.ts'

const gate = `const { existsSync } = await import('node:fs'); while (!existsSync(args.gate)) await delay(20)`
const folder = await taskFolder(t, {
  'unheard.ts': taskModule('unheard', 'return attempt'),
  'gate.ts': taskModule('gate', `${gate}; return 'done by ' + attempt`),
  'careful.ts': taskModule(
    'careful',
    `${gate}; return 'done'`,
    `async discard ({ args }) { appendFileSync(args.gate + '.discarded', 'x') }`
  )
})

/** A DBA beside the service, connected to another database. */
async function admin(t: Test) {
  const client = new pg.Client({ connectionString: await clusterUrl() })
  await client.connect()
  t.teardown(() => client.end())
  return client
}

const nameOf = ({ url }: Service) => new URL(url).pathname.slice(1)

async function terminateAll(client: pg.Client, service: Service) {
  const { rows } = await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name like 'darkroom%'`,
    [nameOf(service)]
  )
  return rows.length
}

t.test('a worker whose LISTEN connection breaks while it starts opens a new one', async t => {
  const service = await openService(t)
  const client = await admin(t)
  const ears = async () => {
    const text = `select pid from pg_stat_activity where datname = $1 and application_name = 'darkroom worker ears'`
    return (await client.query<{ pid: number }>(text, [nameOf(service)])).rows.map(({ pid }) => pid)
  }
  // The step after LISTEN waits for the test.
  const held = await service.db.pool.connect()
  await held.query(`
    create function darkroom.hold() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock_shared(1); return new; end';
    create trigger hold before insert on darkroom.workers for each row execute function darkroom.hold();
    select pg_advisory_lock(1)`)
  const starting = service.startWorker()
  await waitingForLocks(service, 'it listens, and goes on')
  const [first] = await ears()

  await client.query('select pg_terminate_backend($1)', [first])
  await until(async () => (await ears()).some(pid => pid !== first), 'it listens again')
  // As long as one more try takes, and then some.
  await delay(1_000)
  const now = await ears()
  await held.query('select pg_advisory_unlock(1)')
  held.release()
  await starting

  t.equal(now.length, 1)
  t.strictSame(await ears(), now)
})

t.test('when every connection breaks, API and worker get new ones and nothing is lost', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder }, worker: true })
  const client = await admin(t)
  const file = path.join(service.dataDir, 'gate')
  const id = await service.submit('gate', { gate: file })
  await service.until(id, ({ state }) => state === 'STARTED')

  for (let round = 0; round < 3; round++) {
    t.ok((await terminateAll(client, service)) > 0)
    await until(async () => (await service.get(`/api/tasks/${id}`)).statusCode === 200, 'the API answers again')
  }
  await writeFile(file, '')
  await terminateAll(client, service)
  await until(async () => (await service.get(`/api/tasks/${id}`)).statusCode === 200, 'the API answers again')

  t.match(await service.finished(id), { state: 'SUCCESS', result: 'done by 1', attempts: 1 })
  t.strictSame(await outcomes(service, id), ['success'])
  t.equal((await service.finished(await service.submit('add', { x: 1, y: 2 }))).result, 3)
})

t.test('without the database requests get an error, and attempts that end meanwhile are settled later', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const worker = await spawnWorker(t, service)
  const client = await admin(t)
  const file = path.join(service.dataDir, 'gate')
  const id = await service.submit('gate', { gate: file })
  await service.until(id, ({ state }) => state === 'STARTED')
  const name = pg.escapeIdentifier(nameOf(service))

  await client.query(`alter database ${name} with allow_connections false`)
  await terminateAll(client, service)
  await writeFile(file, '')

  const answers = await Promise.all([
    service.get(`/api/tasks/${id}`),
    service.get(`/api/tasks/${id}?wait=5`),
    service.get(`/api/tasks/${id}/status`),
    service.get('/api/tasks'),
    service.get(`/task-status/${id}/`),
    service.post(`/api/tasks/${id}/cancel`),
    service.get('/api/videos'),
    ...Array.from({ length: 30 }, (_, x) => service.post('/api/tasks', { task: 'add', args: { x, y: 1 } }))
  ])
  for (const answer of answers) {
    t.equal(answer.statusCode, 503, answer.body)
    t.equal(answer.json().code, 'DATABASE_UNAVAILABLE')
    t.ok(Number(answer.headers['retry-after']) > 0)
  }
  t.equal((await service.get('/health/live')).statusCode, 200)
  t.match((await service.get('/health/ready')).json(), { status: 'not ready', database: false })
  await client.query(`alter database ${name} with allow_connections true`)

  await until(async () => (await service.get(`/api/tasks/${id}`)).statusCode === 200, 'the API answers again')
  t.match(await service.finished(id), { state: 'SUCCESS', result: 'done by 1', worker: worker.id })
  t.strictSame((await service.get('/api/tasks?task=add')).json().items, [], 'what was refused was not written')
  t.equal((await service.finished(await service.submit('add', { x: 1, y: 2 }))).result, 3)
})

t.test('an outcome that was committed, but whose answer was lost, counts once', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const proxy = await openProxy(t, service.url)
  await spawnWorker(t, service, { DATABASE_URL: proxy.url })
  const file = path.join(service.dataDir, 'gate')
  const id = await service.submit('careful', { gate: file })
  await service.until(id, ({ state }) => state === 'STARTED')

  proxy.swallowAnswersWith('SUCCESS')
  await writeFile(file, '')
  await until(async () => (await service.get(`/api/tasks/${id}`)).json().state === 'SUCCESS', 'it is committed')
  proxy.cut()
  proxy.restore()

  t.equal((await service.finished(await service.submit('add', { x: 1, y: 2 }))).result, 3)
  t.match(await service.finished(id), { state: 'SUCCESS', result: 'done', attempts: 1 })
  t.strictSame(await outcomes(service, id), ['success'])
  t.equal(await readFile(`${file}.discarded`, 'utf8').catch(() => 'kept'), 'kept')
})

t.test('a task whose claim was committed, but whose answer was lost, is claimed again', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const proxy = await openProxy(t, service.url)
  await spawnWorker(t, service, { DATABASE_URL: proxy.url })
  t.equal((await service.finished(await service.submit('add', { x: 1, y: 2 }))).result, 3)

  proxy.swallowAnswersWith('unheard')
  const id = await service.submit('unheard')
  await until(async () => (await service.get(`/api/tasks/${id}`)).json().state === 'STARTED', 'it is committed')
  proxy.cut()
  proxy.restore()

  t.match(await service.finished(id), { state: 'SUCCESS', result: 2, attempts: 2 })
  t.strictSame(await outcomes(service, id), ['shutdown', 'success'])
})

t.test('an outcome that Postgres refuses is a failure, and delays no other', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder }, worker: true })
  await service.db.pool.query(`alter table darkroom.attempts add constraint no_luck check (outcome <> 'success')`)

  const refused = await service.finished(await service.submit('add', { x: 3, y: 4 }))

  t.match(refused, { state: 'FAILURE', error: { type: 'NotRecorded' }, result: null })
  await service.db.pool.query('alter table darkroom.attempts drop constraint no_luck')
  t.equal((await service.finished(await service.submit('add', { x: 1, y: 2 }))).result, 3)
})

t.test('an outcome that Postgres refuses in every form waits, and delays no other', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder }, worker: true })
  const file = path.join(service.dataDir, 'gate')
  const id = await service.submit('gate', { gate: file })
  await service.until(id, ({ state }) => state === 'STARTED')
  await service.db.pool.query(`alter table darkroom.attempts add constraint not_that check (task_id <> '${id}')`)
  await writeFile(file, '')

  t.equal((await service.finished(await service.submit('add', { x: 1, y: 2 }))).result, 3)

  await service.db.pool.query('alter table darkroom.attempts drop constraint not_that')
  // As the success that it was, or as the failure that could not be written either: whichever is tried next.
  t.equal((await service.finished(id)).attempts, 1)
})
