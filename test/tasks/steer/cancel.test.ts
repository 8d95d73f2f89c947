import path from 'node:path'
import t from 'tap'
import { families, processesIn } from '../../harness/family.ts'
import { isGone } from '../../harness/gone.ts'
import { waitingForLocks } from '../../harness/locks.ts'
import { outcomes } from '../../harness/outcomes.ts'
import { openService } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'

const folder = await taskFolder(t, {
  ...families,
  'later.ts': taskModule('later', 'throw new RetryLater(600)'),
  'again.ts': taskModule('again', `throw new Error('again')`)
})
// Workers come once the tests without one are over.
const service = await openService(t, { env: { TASKS_DIR: folder, WORKER_CONCURRENCY: '3' } })
const cancelled = { state: 'REVOKED', status: 'CANCELLED', error: { type: 'cancelled' }, result: null }

const waiting = {
  'in its queue': await service.submit('add', { x: 1, y: 1 }),
  'for its time': await service.submit('add', { x: 1, y: 1 }, { countdown: 600 })
}

t.test('a waiting task is revoked at once', async t => {
  for (const [what, id] of Object.entries(waiting)) {
    t.test(`a task that waits ${what}`, async t => {
      const response = await service.post(`/api/tasks/${id}/cancel`)

      t.equal(response.statusCode, 200)
      t.match(response.json(), { id, ...cancelled, attempts: 0, started_at: null })
      t.ok(response.json().finished_at)
      t.strictSame((await service.get(`/api/tasks/${id}`)).json(), response.json())

      const again = await service.post(`/api/tasks/${id}/cancel`)
      t.equal(again.statusCode, 409)
      t.match(again.json(), { code: 'TASK_FINISHED', detail: /REVOKED/ })
    })
  }
})

t.test('a task that is moved to its queue at the same moment is cancelled all the same', async t => {
  const id = await service.submit('add', { x: 1, y: 1 }, { countdown: 600 })
  const mover = await service.db.pool.connect()
  await mover.query('begin')
  await mover.query(`update pgboss.job set name = 'default' where name = 'delayed' and id = $1`, [id])

  const cancelling = service.post(`/api/tasks/${id}/cancel`)
  await waitingForLocks(service, 'the canceller waits for the mover')
  await mover.query('commit')
  mover.release()

  const response = await cancelling
  t.equal(response.statusCode, 200, response.body)
  t.match(response.json(), cancelled)
  const { rows } = await service.db.pool.query('select state from pgboss.job where id = $1', [id])
  t.strictSame(rows, [{ state: 'cancelled' }])
})

t.test('a task that a stopped worker handed back is revoked', async t => {
  const file = path.join(service.dataDir, 'handed back')
  const worker = await service.startWorker()
  const id = await service.submit('patient', { file })
  await processesIn(file)
  await worker.stop(0)

  const response = await service.post(`/api/tasks/${id}/cancel`)

  t.equal(response.statusCode, 200)
  t.match(response.json(), cancelled)
})

t.test('a task that was revoked while it waited is never run', async t => {
  await service.startWorker()

  await service.finished(await service.submit('add', { x: 1, y: 1 }))

  for (const id of Object.values(waiting)) {
    t.match((await service.get(`/api/tasks/${id}`)).json(), { ...cancelled, attempts: 0 })
  }
})

t.test('a running task is revoked when its processes are gone', async t => {
  for (const kind of ['patient', 'busy', 'deaf']) {
    t.test(`a ${kind} task, and a waiting request is answered`, async t => {
      const file = path.join(service.dataDir, kind)
      const id = await service.submit(kind, { file })
      const pids = await processesIn(file)

      const response = await service.post(`/api/tasks/${id}/cancel?wait=20`)

      t.equal(response.statusCode, 200)
      t.ok(pids.every(isGone), 'its processes are gone')
      t.match(response.json(), { id, ...cancelled, attempts: 1 })
      t.strictSame(await outcomes(service, id), ['cancelled'])
      t.equal((await service.post(`/api/tasks/${id}/cancel`)).statusCode, 409)
    })
  }

  t.test('a running task, although the client does not wait', async t => {
    const file = path.join(service.dataDir, 'impatient')
    const id = await service.submit('deaf', { file })
    const pids = await processesIn(file)

    const first = await service.post(`/api/tasks/${id}/cancel`)
    const second = await service.post(`/api/tasks/${id}/cancel`)

    t.equal(first.statusCode, 202)
    t.match(first.json(), { id, state: 'STARTED', status: 'PROCESSING' })
    t.ok([200, 202].includes(second.statusCode))
    t.match(await service.finished(id), cancelled)
    t.ok(pids.every(isGone))
  })

  t.test('a task that many clients cancel', async t => {
    const file = path.join(service.dataDir, 'many')
    const id = await service.submit('patient', { file })
    await processesIn(file)

    const responses = await Promise.all(
      Array.from({ length: 10 }, () => service.post(`/api/tasks/${id}/cancel?wait=20`))
    )

    t.ok(responses.every(({ statusCode }) => statusCode === 200 || statusCode === 409))
    t.match(await service.finished(id), cancelled)
  })

  t.test('a worker whose task was cancelled goes on with others', async t => {
    t.equal((await service.finished(await service.submit('add', { x: 1, y: 2 }))).result, 3)
  })
})

t.test('a task that waits for its retry is revoked', async t => {
  const id = await service.submit('later')
  await service.until(id, ({ state }) => state === 'RETRY')

  const response = await service.post(`/api/tasks/${id}/cancel`)

  t.equal(response.statusCode, 200)
  const message = 'It was cancelled while it waited for its next attempt'
  t.match(response.json(), { ...cancelled, error: { type: 'cancelled', message }, attempts: 1 })
  t.strictSame(await outcomes(service, id), ['failure'])
})

t.test('a finished task is not changed', async t => {
  const done = await service.finished(await service.submit('add', { x: 1, y: 2 }))
  const failed = await service.finished(await service.submit('again', {}, { max_retries: 0 }))

  for (const task of [done, failed]) {
    const response = await service.post(`/api/tasks/${task.id}/cancel?wait=1`)

    t.equal(response.statusCode, 409)
    t.match(response.json(), { code: 'TASK_FINISHED', detail: new RegExp(task.state) })
    t.strictSame((await service.get(`/api/tasks/${task.id}`)).json(), task)
  }
})

t.test('a worker without the notification finds the cancellation later', async t => {
  const file = path.join(service.dataDir, 'found later')
  const id = await service.submit('patient', { file })
  await processesIn(file)

  // As `cancel` writes it, without an announcement.
  await service.db.pool.query('update darkroom.tasks set cancel_requested_at = now() where id = $1', [id])

  t.match(await service.finished(id), cancelled)
})

t.test('a transaction that began before the attempt that it cancels gives a time after its start', async t => {
  const dba = await service.db.pool.connect()
  t.teardown(() => dba.release())
  await dba.query('begin; select now()')
  const file = path.join(service.dataDir, 'began later')
  const running = await service.submit('patient', { file })
  await processesIn(file)
  const waiting = await service.submit('later')
  await service.until(waiting, ({ state }) => state === 'RETRY')

  for (const id of [running, waiting]) await dba.query('select ops.cancel_task($1)', [id])
  await dba.query('commit')
  await service.finished(running)

  const { rows } = await service.db.pool.query(
    `select t.state, t.started_at <= t.cancel_requested_at and t.started_at <= t.finished_at as in_order,
      (select array_agg(e.state order by e.at) = array_agg(e.state order by e.id) from darkroom.events e where e.task_id = t.id) as told_in_order
    from darkroom.tasks t where t.id in ($1, $2)`,
    [running, waiting]
  )
  t.strictSame(rows, Array(2).fill({ state: 'REVOKED', in_order: true, told_in_order: true }))
})
