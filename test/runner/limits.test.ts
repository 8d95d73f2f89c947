import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { families, processesIn } from '../harness/family.ts'
import { isGone } from '../harness/gone.ts'
import { outcomes } from '../harness/outcomes.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'

const folder = await taskFolder(t, {
  ...families,
  'tidy.ts': taskModule(
    'tidy',
    `try { await delay(600_000, undefined, { signal }) } finally { appendFileSync(args.file, 'tidied ' + signal.aborted) }`
  ),
  'leaves.ts': taskModule('leaves', `signal.addEventListener('abort', () => process.exit(4)); await delay(600_000)`),
  'stubborn.ts': taskModule('stubborn', `await delay(400); return 'in spite of ' + signal.reason?.name`),
  'limited.ts': taskModule('limited', 'await delay(600_000)', 'time_limit: 0.3, max_retries: 0'),
  'silent.ts': taskModule(
    'silent',
    `progress(0.1); log('about to hang'); if (attempt === 1) while (true) {} return attempt`,
    'stall_limit: 0.5'
  ),
  'chatty.ts': taskModule(
    'chatty',
    `for (let n = 0; n < 10; n++) { await delay(200); progress(n / 10) } return 'done'`,
    'stall_limit: 1.5'
  ),
  'pid.ts': taskModule('pid', 'return process.pid'),
  'greedy.ts': taskModule('greedy', 'globalThis.kept = Buffer.alloc(150 * 1024 * 1024, 1); return process.pid')
})

t.test('limits', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder }, worker: true })

  for (const kind of ['patient', 'busy', 'deaf']) {
    t.test(`a ${kind} task that runs longer than its time limit is killed with all its processes`, async t => {
      const file = path.join(service.dataDir, kind)

      const id = await service.submit(kind, { file }, { time_limit: 2, max_retries: 0 })
      const pids = await processesIn(file)
      const task = await service.finished(id)

      t.ok(pids.every(isGone), 'its processes are gone before its end is announced')
      t.match(task, { state: 'FAILURE', attempts: 1, error: { type: 'TimeLimit' } })
      t.strictSame(await outcomes(service, id), ['time_limit'])
    })
  }

  t.test('a task with a stall limit and without progress is killed and retried', async t => {
    const id = await service.submit('silent')

    t.match(await service.finished(id), { state: 'SUCCESS', result: 2 })
    t.strictSame(await outcomes(service, id), ['stalled', 'success'])
    const { items } = (await service.get(`/api/tasks/${id}/attempts`)).json()
    t.match(items[0], { error: { type: 'Stalled' }, signal: 'SIGKILL', stderr: /about to hang/ })
    t.match(items[1], { outcome: 'success', stderr: /about to hang/ })
  })

  t.test('a task with progress may take longer than its stall limit', async t => {
    t.match(await service.finished(await service.submit('chatty')), { state: 'SUCCESS', result: 'done', attempts: 1 })
  })

  t.test('a timeout counts as a failure, and is retried as one', async t => {
    const file = path.join(service.dataDir, 'again')

    const id = await service.submit('deaf', { file }, { time_limit: 0.8, max_retries: 1 })
    const task = await service.finished(id)

    t.match(task, { state: 'SUCCESS', result: 2, attempts: 2 })
    t.strictSame(await outcomes(service, id), ['time_limit', 'success'])
  })

  t.test('a task that runs longer than its soft time limit is asked to stop, and may tidy up', async t => {
    const file = path.join(service.dataDir, 'tidy')

    const id = await service.submit('tidy', { file }, { soft_time_limit: 0.3, time_limit: 60, max_retries: 0 })
    const task = await service.finished(id)

    t.match(task, { state: 'FAILURE', error: { type: 'SoftTimeLimit' } })
    t.equal(await readFile(file, 'utf8'), 'tidied true')
    t.strictSame(await outcomes(service, id), ['soft_time_limit'])
  })

  t.test('a task that still ends after its soft time limit has succeeded', async t => {
    const id = await service.submit('stubborn', {}, { soft_time_limit: 0.1 })

    t.match(await service.finished(id), { state: 'SUCCESS', result: 'in spite of SoftTimeLimit' })
  })

  t.test('a task that ends when it is asked to stop at its time limit was not killed', async t => {
    const file = path.join(service.dataDir, 'listens')
    const options = { time_limit: 0.3, max_retries: 0 }
    const ids = [await service.submit('tidy', { file }, options), await service.submit('leaves', {}, options)]

    for (const id of ids) {
      const { error } = await service.finished(id)
      t.match(error, { type: 'TimeLimit', message: /ended when it was told to/ })
      const { items } = (await service.get(`/api/tasks/${id}/attempts`)).json()
      t.equal(items[0].signal, null)
    }
  })

  t.test('a task that ignores the signal is killed at its time limit', async t => {
    const id = await service.submit(
      'deaf',
      { file: path.join(service.dataDir, 'both') },
      { soft_time_limit: 0.2, time_limit: 0.9, max_retries: 0 }
    )

    t.match(await service.finished(id), {
      state: 'FAILURE',
      error: { type: 'TimeLimit', message: /was killed/ }
    })
  })

  t.test("a task without a limit has its kind's", async t => {
    t.match(await service.finished(await service.submit('limited')), { state: 'FAILURE', error: { type: 'TimeLimit' } })
  })

  t.test('a limit of a year is no limit of a millisecond', async t => {
    const id = await service.submit('stubborn', {}, { time_limit: 31_536_000, soft_time_limit: 31_535_000 })

    t.match(await service.finished(id), { state: 'SUCCESS', result: 'in spite of undefined' })
  })
})

t.test("a task without a limit, of a kind without one, has the deployment's", async t => {
  const env = { TASKS_DIR: folder, TASK_SOFT_TIME_LIMIT: '1', TASK_TIME_LIMIT: '30' }
  const service = await openService(t, { env, worker: true })
  const file = path.join(service.dataDir, 'tidy')

  const task = await service.finished(await service.submit('tidy', { file }, { max_retries: 0 }))

  t.match(task, { state: 'FAILURE', error: { type: 'SoftTimeLimit' } })
})

t.test('a child is replaced after so many tasks', async t => {
  const env = { TASKS_DIR: folder, WORKER_CONCURRENCY: '1', WORKER_MAX_TASKS_PER_CHILD: '2' }
  const service = await openService(t, { env, worker: true })

  const pids: unknown[] = []
  for (let i = 0; i < 6; i++) pids.push((await service.finished(await service.submit('pid'))).result)

  t.strictSame(
    pids.map(pid => pids.indexOf(pid)),
    [0, 0, 2, 2, 4, 4]
  )
  await until(() => isGone(pids[0] as number), 'the first child is gone')
})

t.test('a child that is due goes on while tasks wait for it, for ten times as many at most', async t => {
  const env = {
    ...{ TASKS_DIR: folder, WORKER_CONCURRENCY: '1', WORKER_MAX_TASKS_PER_CHILD: '2' },
    WORKER_PREFETCH_MULTIPLIER: '50'
  }
  const service = await openService(t, { env })
  const { ids } = (await service.post('/api/tasks/bulk', { tasks: Array(45).fill({ task: 'pid', args: {} }) })).json()
  await service.startWorker()

  const pids = (await Promise.all(ids.map(service.finished))).map(({ result }) => result)

  t.strictSame(
    Object.values(Object.groupBy(pids, String))
      .map(ran => ran?.length)
      .sort(),
    [20, 20, 5]
  )
})

t.test('a child is replaced after a task that took too much memory', async t => {
  const env = { TASKS_DIR: folder, WORKER_CONCURRENCY: '1', WORKER_MAX_MEMORY_PER_CHILD: '160' }
  const service = await openService(t, { env, worker: true })

  const first = (await service.finished(await service.submit('pid'))).result
  const second = (await service.finished(await service.submit('greedy'))).result
  const third = (await service.finished(await service.submit('pid'))).result

  t.equal(first, second)
  t.not(third, second)
})
