import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import { borrowDatabase } from '../../harness/database.ts'
import { outcomes } from '../../harness/outcomes.ts'
import { openProxy } from '../../harness/proxy.ts'
import { openService } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()

const TASKS_DIR = await taskFolder(t, {
  'once-more.ts': taskModule('once-more', `if (attempt === 1) throw new RetryLater(0.5); return attempt`)
})
const service = await openService(t, { env: { TASKS_DIR, WORKER_CONCURRENCY: '1' } })

// One of its workers serves the others, too.
t.test('hundreds of tasks that are due together all run, each once, and overdue ones at once', async t => {
  const overdue = await service.submit('add', { x: 1, y: 1 }, { countdown: 0.01 })
  const eta = inSeconds(1)
  const ids = await Promise.all(
    Array.from({ length: 700 }, (_, x) =>
      service.submit('add', { x, y: 0 }, { eta, queue: x % 2 ? 'default' : 'high_priority' })
    )
  )

  const [, second] = await Promise.all([service.startWorker(), service.startWorker()])
  t.match(await service.finished(overdue), { state: 'SUCCESS' })
  const tasks = await Promise.all(ids.map(id => service.finished(id)))

  t.strictSame(
    tasks.map(({ result }) => result),
    ids.map((_, x) => x)
  )
  const wrong = tasks.filter(({ attempts, started_at }) => attempts !== 1 || started_at! < eta)
  const tries = await Promise.all(wrong.map(async ({ id }) => (await service.get(`/api/tasks/${id}/attempts`)).json()))
  t.strictSame({ wrong, tries }, { wrong: [], tries: [] })
  await second.stop(0)
})

t.test('a task starts after its time and not before', async t => {
  const ids = {
    countdown: await service.submit('add', { x: 1, y: 1 }, { countdown: 0.7 }),
    eta: await service.submit('add', { x: 1, y: 1 }, { eta: inSeconds(0.5) }),
    scheduled_time: await service.submit('add', { x: 1, y: 1 }, { scheduled_time: inSeconds(0.6) })
  }

  for (const [field, id] of Object.entries(ids)) {
    const task = await service.finished(id)

    t.match(task, { state: 'SUCCESS', result: 2 }, field)
    t.ok(task.started_at! >= task.eta!, `${field}: ${task.started_at} is not before ${task.eta}`)
    t.ok(Date.parse(task.started_at!) - Date.parse(task.eta!) < 4_000, `${field}: it is woken rather than found`)
  }
})

t.test('a task with an earlier eta does not wait for one that was submitted before it', async t => {
  const later = await service.submit('add', { x: 1, y: 1 }, { countdown: 600 })

  const earlier = await service.submit('add', { x: 2, y: 2 }, { countdown: 0.3 })

  t.equal((await service.finished(earlier)).result, 4)
  t.match((await service.get(`/api/tasks/${later}`)).json(), { state: 'PENDING', status: 'SCHEDULED' })
})

t.test('an eta in the past means now', async t => {
  const id = await service.submit('add', { x: 1, y: 1 }, { eta: '2001-01-01T00:00:00Z' })

  t.match(await service.finished(id), { state: 'SUCCESS' })
})

t.test('a retry with a delay frees its worker, and keeps its priority and its queue', async t => {
  const id = await service.submit('once-more', {}, { queue: 'low_priority', priority: 5 })
  const waiting = await service.until(id, ({ state }) => state === 'RETRY')
  const other = await service.finished(await service.submit('add', { x: 1, y: 1 }))
  const done = await service.finished(id)

  t.ok(other.finished_at! < done.finished_at!)
  t.ok(done.started_at! >= waiting.eta!)
  t.match(done, { result: 2, queue: 'low_priority', priority: 5 })
  t.strictSame(await outcomes(service, id), ['failure', 'success'])
})

t.test('a due task that cannot be promoted is not queried for all the time', async t => {
  const url = await borrowDatabase(t)
  const proxy = await openProxy(t, url)
  const service = await openService(t, { env: { DATABASE_URL: proxy.url, WORKER_CONCURRENCY: '1' }, worker: true })
  const id = await service.submit('add', { x: 1, y: 1 }, { countdown: 0.5 })
  const late = await service.submit('add', { x: 1, y: 1 }, { countdown: 600, expires: 0.5 })
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  t.teardown(() => client.end())
  await client.query('begin')
  await client.query(`select from pgboss.job where id = '${id}' for update`)
  await client.query(`select from darkroom.deadlines where task_id = '${late}' for update`)
  await delay(1_000)

  const asked = () => ({ due: proxy.asked('moved as'), deadlines: proxy.asked('expire') })
  const before = asked()
  await delay(3_000)
  const after = asked()

  t.ok(after.due - before.due < 50, `${after.due - before.due} questions for what is due`)
  t.ok(after.deadlines - before.deadlines < 50, `${after.deadlines - before.deadlines} questions for deadlines`)
  await client.query('commit')
  t.match(await service.finished(id), { state: 'SUCCESS' })
  t.match(await service.finished(late), { state: 'REVOKED', error: { type: 'expired' } })
})
