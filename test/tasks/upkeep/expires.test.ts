import t from 'tap'
import { openService } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'

t.test('a task that does not start in time', async t => {
  const TASKS_DIR = await taskFolder(t, {
    'hold.ts': taskModule('hold', 'await delay(600_000, undefined, { signal })'),
    'late.ts': taskModule('late', 'if (attempt === 1) throw new RetryLater(0.6); return attempt')
  })
  const service = await openService(t, { env: { TASKS_DIR, WORKER_CONCURRENCY: '1' } })
  const expired = { state: 'REVOKED', status: 'CANCELLED', error: { type: 'expired' }, attempts: 0, started_at: null }

  await t.test('is revoked when a worker claims it, and has its first attempt when it is retried by hand', async t => {
    const ids = [
      await service.submit('add', { x: 1, y: 1 }, { expires: 0 }),
      await service.submit('add', { x: 1, y: 1 }, { expires: '2001-01-01T00:00:00Z' }),
      await service.submit('add', { x: 1, y: 1 }, { expires: 0, queue: 'media', priority: 9 })
    ]
    const again = await service.submit('add', { x: 1, y: 1 })
    // Without a row in the table of deadlines, so that a worker's claim finds the task too late.
    const pass = `update darkroom.tasks set expires_at = now() - interval '1 second' where id = $1`
    await service.db.pool.query(pass, [again])

    await service.startWorker()

    for (const id of [...ids, again]) t.match(await service.finished(id), expired)
    t.equal((await service.post(`/api/tasks/${again}/retry`)).statusCode, 202)
    t.match(await service.finished(again), { state: 'SUCCESS', attempts: 1 })
    t.match((await service.get(`/api/tasks/${again}/attempts`)).json().items, [{ number: 1, outcome: 'success' }])
  })

  await t.test('is revoked before its eta has come', async t => {
    const id = await service.submit('add', { x: 1, y: 1 }, { countdown: 600, expires: 0.2 })

    t.match(await service.finished(id), expired)
    const { rows } = await service.db.pool.query('select state from pgboss.job where id = $1', [id])
    t.strictSame(rows, [{ state: 'cancelled' }])
  })

  await t.test('is told from a retry after the deadline', async t => {
    const id = await service.submit('late', {}, { expires: 0.5 })

    // Unless this machine did not even start the task in half a second.
    const task = await service.finished(id)
    t.ok(task.state === 'SUCCESS' ? task.attempts === 2 : task.error?.type === 'expired')
  })

  await t.test('is not revoked if it starts in time, however long it runs', async t => {
    const id = await service.submit('sleep', { seconds: 1 }, { expires: 60 })

    t.match(await service.finished(id), { state: 'SUCCESS' })
  })

  await t.test('is revoked while every worker is busy', async t => {
    const holding = await service.submit('hold')
    await service.until(holding, ({ state }) => state === 'STARTED')

    const id = await service.submit('add', { x: 1, y: 1 }, { expires: 0.2 })

    t.match(await service.finished(id), expired)
    t.equal((await service.get(`/api/tasks/${holding}`)).json().state, 'STARTED')
  })
})
