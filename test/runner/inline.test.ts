import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { outcomes } from '../harness/outcomes.ts'
import { openService } from '../harness/service.ts'
import { inlineModule, taskFolder } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { spawnWorker } from '../harness/worker-process.ts'

const folder = await taskFolder(t, {
  'deaf.ts': inlineModule('deaf', `if (attempt === 1) await forever(); return attempt`),
  'limited.ts': inlineModule('limited', `await forever()`, 'time_limit: 0.3, max_retries: 0'),
  'tidy.ts': inlineModule(
    'tidy',
    `try { await delay(600_000, undefined, { signal }) } catch {
       if (args.ms) await delay(args.ms)
       writeFileSync(args.file, 'tidied')
       throw signal.reason
     }`
  ),
  'stubborn.ts': inlineModule('stubborn', `await delay(400); return 'in spite of ' + signal.reason?.name`),
  'late.ts': inlineModule(
    'late',
    `progress(0.25, 'in time'); await delay(900); progress(0.75, 'late'); log('late'); writeFileSync(args.file, '')
     return 'late'`,
    'time_limit: 0.3, max_retries: 0'
  ),
  'silent.ts': inlineModule(
    'silent',
    `progress(0.1); if (attempt === 1) await forever(); return attempt`,
    'stall_limit: 0.5'
  ),
  'chatty.ts': inlineModule(
    'chatty',
    `for (let n = 0; n < 10; n++) { await delay(200); progress(n / 10) } return 'done'`,
    'stall_limit: 1.5'
  ),
  'holding.ts': inlineModule('holding', `await (await db.pool.connect()).query('select pg_sleep(25)')`)
})

t.test('limits of inline bodies', async t => {
  const said: string[] = []
  const hear = ({ msg }: { msg: string }) => said.push(msg)
  const service = await openService(t, { env: { TASKS_DIR: folder, LOG_LEVEL: 'info' }, worker: true, hear })

  t.test('a body that runs longer than its time limit is abandoned, and retried', async t => {
    const id = await service.submit('deaf', {}, { time_limit: 0.3, max_retries: 1 })

    t.match(await service.finished(id), { state: 'SUCCESS', result: 2, attempts: 2 })
    t.strictSame(await outcomes(service, id), ['time_limit', 'success'])
    const { items } = (await service.get(`/api/tasks/${id}/attempts`)).json()
    t.match(items[0], { error: { type: 'TimeLimit', message: /given up/ }, signal: null })
    t.notMatch(items[0].error.message, /was killed/)
  })

  t.test("a body without a limit has its kind's", async t => {
    const task = await service.finished(await service.submit('limited'))

    t.match(task, { state: 'FAILURE', attempts: 1, error: { type: 'TimeLimit' } })
  })

  t.test('a body that runs longer than its soft time limit is asked to stop, and may tidy up', async t => {
    const file = path.join(service.dataDir, 'soft')

    const id = await service.submit('tidy', { file, ms: 300 }, { soft_time_limit: 0.3, time_limit: 60, max_retries: 0 })

    t.match(await service.finished(id), { state: 'FAILURE', error: { type: 'SoftTimeLimit' } })
    t.equal(await readFile(file, 'utf8'), 'tidied')
    t.strictSame(await outcomes(service, id), ['soft_time_limit'])
  })

  t.test('a body that still ends after its soft time limit has succeeded', async t => {
    const id = await service.submit('stubborn', {}, { soft_time_limit: 0.1 })

    t.match(await service.finished(id), { state: 'SUCCESS', result: 'in spite of SoftTimeLimit' })
  })

  t.test('a body that ignores its soft limit is abandoned at the hard one', async t => {
    const id = await service.submit('deaf', {}, { soft_time_limit: 0.1, time_limit: 0.3, max_retries: 0 })

    t.match(await service.finished(id), { state: 'FAILURE', error: { type: 'TimeLimit' } })
  })

  t.test('a body that ends at its time limit was not abandoned', async t => {
    const file = path.join(service.dataDir, 'hard')

    const id = await service.submit('tidy', { file }, { time_limit: 0.3, max_retries: 0 })

    const { error } = await service.finished(id)
    t.equal(error?.type, 'TimeLimit')
    t.notMatch(error?.message, /given up|killed/)
  })

  t.test('what an abandoned body still does is ignored', async t => {
    const file = path.join(service.dataDir, 'late')

    const id = await service.submit('late', { file })
    const task = await service.finished(id)
    await until(() => existsSync(file), 'it has gone on')
    await service.finished(await service.submit('add', { x: 1, y: 1 }))

    t.match(task, { state: 'FAILURE', result: null, progress: 0.25, progress_detail: 'in time' })
    t.strictSame((await service.get(`/api/tasks/${id}`)).json(), task)
    t.notOk(said.includes('late'), 'it is not even heard')
  })

  t.test('a body with a stall limit and without progress is abandoned and retried', async t => {
    const id = await service.submit('silent')

    t.match(await service.finished(id), { state: 'SUCCESS', result: 2 })
    t.strictSame(await outcomes(service, id), ['stalled', 'success'])
  })

  t.test('a body with progress may take longer than its stall limit', async t => {
    t.match(await service.finished(await service.submit('chatty')), { state: 'SUCCESS', result: 'done', attempts: 1 })
  })
})

t.test("a body without limits, of a kind without them, has the deployment's", async t => {
  for (const [name, error] of Object.entries({ SOFT_TIME_LIMIT: 'SoftTimeLimit', TIME_LIMIT: 'TimeLimit' })) {
    const service = await openService(t, { env: { TASKS_DIR: folder, [`TASK_${name}`]: '1' }, worker: true })
    const file = path.join(service.dataDir, 'tidy')

    const id = await service.submit('tidy', { file }, { max_retries: 0 })

    t.match(await service.finished(id), { state: 'FAILURE', error: { type: error } })
  }
})

t.test('a cancelled body is over whether or not its code reacts', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder }, worker: true })

  t.test('one that does not', async t => {
    const id = await service.submit('deaf')
    await service.until(id, ({ state }) => state === 'STARTED')

    const answer = await service.post(`/api/tasks/${id}/cancel?wait=30`)

    t.equal(answer.statusCode, 200)
    t.match(answer.json(), { state: 'REVOKED', attempts: 1, error: { type: 'cancelled' } })
    t.strictSame(await outcomes(service, id), ['cancelled'])
  })

  t.test('one that tidies up for a moment', async t => {
    const file = path.join(service.dataDir, 'tidied')
    const id = await service.submit('tidy', { file, ms: 300 })
    await service.until(id, ({ state }) => state === 'STARTED')

    const answer = await service.post(`/api/tasks/${id}/cancel?wait=30`)

    t.equal(answer.statusCode, 200)
    t.equal(await readFile(file, 'utf8'), 'tidied')
    t.strictSame(await outcomes(service, id), ['cancelled'])
  })
})

for (const [what, task] of Object.entries({ 'does not listen': 'deaf', 'holds a connection': 'holding' })) {
  t.test(`a worker that stops hands back its inline bodies and ${what}`, async t => {
    const service = await openService(t, { env: { TASKS_DIR: folder } })
    const worker = await spawnWorker(t, service, {}, ['--grace', '0'])
    const id = await service.submit(task, {}, { max_retries: 0 })
    await service.until(id, ({ state }) => state === 'STARTED')
    const since = performance.now()

    worker.kill('SIGTERM')

    t.strictSame(await worker.exited, { code: 0, signal: null })
    t.ok(performance.now() - since < 15_000, 'it is not waited for')
    t.match((await service.get(`/api/tasks/${id}`)).json(), {
      state: 'RETRY',
      attempts: 1,
      error: { type: 'shutdown' }
    })
    t.strictSame(await outcomes(service, id), ['shutdown'])
    const { rows } = await service.db.pool.query('select failures, crashes from darkroom.tasks where id = $1', [id])
    t.strictSame(rows[0], { failures: 0, crashes: 0 })
  })
}

t.test('any number of inline tasks follow each other without a pause', async t => {
  const folder = await taskFolder(t, { 'brief.ts': inlineModule('brief', '') })
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const tasks = Array.from({ length: 1_000 }, () => ({ task: 'brief' }))
  t.equal((await service.post('/api/tasks/bulk', { tasks })).statusCode, 201)

  await service.startWorker()

  const { pool } = service.db
  const open = `select from darkroom.tasks where task = 'brief' and finished_at is null limit 1`
  await until(async () => (await pool.query(open)).rowCount === 0, 'all are over')
  const { rows } = await pool.query(
    `select max(pause)::float8 as longest from (
      select extract(epoch from started_at - lag(started_at) over (order by started_at)) as pause
      from darkroom.tasks where task = 'brief'
    ) as pauses`
  )
  t.ok(rows[0].longest < 1.5, `${rows[0].longest} s`)
})
