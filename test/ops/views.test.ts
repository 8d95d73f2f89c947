import { isDeepStrictEqual } from 'node:util'
import t, { type Test } from 'tap'
import { shoot } from '../harness/clip.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { openEar } from '../watch/clients.ts'

const TASKS_DIR = await taskFolder(t, {
  'fail.ts': taskModule(
    'fail',
    `throw new TypeError('no ' + Math.random() + ' luck')`,
    'max_retries: 1, retry_delay: 0'
  ),
  'later.ts': taskModule('later', 'throw new RetryLater(600)'),
  'hold.ts': taskModule('hold', `progress(0.5, { step: 1 }); await delay(60_000, undefined, { signal })`)
})
const service = await openService(t, { env: { TASKS_DIR }, worker: true })

/** Rows as JSON has them. */
async function rows(text: string, values: unknown[] = []) {
  return JSON.parse(JSON.stringify((await service.db.pool.query(text, values)).rows))
}
const get = async (url: string) => (await service.get(url)).json()

async function same(t: Test, id: string, what: string) {
  const [task] = await rows('select * from ops.tasks where id = $1', [id])
  t.strictSame(task, await get(`/api/tasks/${id}`), what)
  t.strictSame(
    (await rows('select * from ops.attempts where task_id = $1 order by number', [id])).map(
      ({ task_id: _, ...attempt }: any) => attempt
    ),
    (await get(`/api/tasks/${id}/attempts`)).items,
    `${what}: its attempts`
  )
  return task
}

t.test('a task is the same by SQL and HTTP in each of its states, and so are its attempts', async t => {
  const options = {
    name: 'a',
    description: 'b',
    tags: ['c'],
    priority: 2,
    max_retries: 0,
    expires: 900,
    countdown: 600
  }
  const scheduled = await service.submit('add', { x: 1, y: 2 }, options)
  await service.post('/api/queues/high_priority/pause')
  const pending = await service.submit('add', { x: 1, y: 2 }, { queue: 'high_priority' })
  const done = await service.submit('add', { x: 1, y: 2 })
  const failed = await service.submit('fail')
  const retried = await service.submit('later')
  const cancelled = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })
  await service.post(`/api/tasks/${cancelled}/cancel`)
  const forgotten = await service.submit('add', { x: 1, y: 2 }, { result_expires: 1 })
  for (const id of [done, failed, forgotten]) await service.finished(id)
  await service.until(retried, ({ state }) => state === 'RETRY')
  const running = await service.submit('hold')
  await service.until(running, ({ progress }) => progress === 0.5)
  await until(async () => (await get(`/api/tasks/${forgotten}`)).error !== null, 'its result expires')

  t.match(await same(t, scheduled, 'scheduled'), { status: 'SCHEDULED', tags: ['c'] })
  t.match(await same(t, pending, 'pending'), { status: 'PENDING' })
  t.match(await same(t, done, 'completed'), { status: 'COMPLETED', result: 3 })
  t.match(await same(t, failed, 'failed'), { status: 'FAILED', attempts: 2, error: { type: 'TypeError' } })
  t.match(await same(t, retried, 'retrying'), { status: 'RETRYING' })
  t.match(await same(t, cancelled, 'cancelled'), { status: 'CANCELLED' })
  t.match(await same(t, forgotten, 'expired'), { status: 'COMPLETED', result: null, error: { type: 'expired' } })
  t.match(await same(t, running, 'processing'), { status: 'PROCESSING', progress_detail: { step: 1 } })

  const ear = await openEar(t, await service.listen(), `/ws/tasks/${failed}`)
  await ear.closed
  const events = await rows('select state, error from ops.events where task_id = $1 order by id', [failed])
  t.strictSame(
    events.map(({ state }: { state: string }) => state),
    ['PENDING', 'STARTED', 'RETRY', 'STARTED', 'FAILURE']
  )
  t.strictSame(events.at(-1).error, ear.messages.at(-1)!.error)

  t.match(await rows('select * from ops.failure_summary'), [
    { task: 'fail', type: 'TypeError', message: 'no <n> luck', count: 1, sample: failed }
  ])
  const [hour] =
    await rows(`select sum(created)::int as created, sum(succeeded)::int as succeeded, sum(failed)::int as failed
    from ops.kinds_by_hour where task in ('add', 'fail', 'later', 'hold')`)
  t.match(hour, { created: 8, succeeded: 2, failed: 1 })
  await service.post(`/api/tasks/${running}/cancel?wait=20`)
  await service.post('/api/queues/high_priority/resume')
})

t.test('a film, its prints, a kind, a worker and a queue are the same, too', async t => {
  const { id, task_id } = await service.keep(await shoot())
  const bad = await service.keep('no film')
  await service.finished(task_id)
  await service.finished(bad.task_id)

  for (const film of [id, bad.id]) {
    t.strictSame((await rows('select * from ops.videos where id = $1', [film]))[0], await get(`/api/videos/${film}`))
    const renditions = await rows('select * from ops.renditions where video_id = $1 order by bytes, name', [film])
    t.match(renditions[0], { video_id: film, name: /p$/ })
  }

  const kinds = await rows('select * from ops.kinds where not internal order by name')
  t.strictSame(
    kinds.map(({ result_expires: _, ...kind }: any) => kind),
    (await get('/api/kinds')).items.map(({ limits, retries, result_expires: _, ...kind }: any) => ({
      ...kind,
      ...limits,
      ...retries
    }))
  )

  const [worker] = await rows('select * from ops.workers')
  const {
    heartbeat_age: _,
    heartbeat_at: __,
    tasks,
    memory: ___,
    cpu: ____,
    ...rest
  } = (await get('/api/workers')).items[0]
  t.match(worker, rest)
  t.strictSame(Object.keys(worker.tasks).sort(), Object.keys(tasks).sort())

  // Not one in which house-keeping waits.
  await service.post('/api/queues/high_priority/pause')
  const readBoth = async () => {
    const queues = await rows('select * from ops.queue_depth order by name')
    const theirs = (await get('/api/queues')).items.map(({ per_minute, ...queue }: any) => ({
      ...queue,
      created_per_minute: per_minute.created,
      finished_per_minute: per_minute.finished
    }))
    return [queues, theirs]
  }
  // What has happened within the last minute changes all the time.
  let [queues, theirs] = await readBoth()
  for (let more = 5; more > 0 && !isDeepStrictEqual(queues, theirs); more--) [queues, theirs] = await readBoth()
  t.strictSame(queues, theirs)
  await service.post('/api/queues/high_priority/resume')
})

t.test('a schedule and what became of its occurrences are the same', async t => {
  const options = { expires: 60, max_retries: 2, retry_backoff: false, time_limit: 1.5, tags: ['a'], priority: 3 }
  const made = await service.post('/api/schedules', {
    name: 'n',
    task: 'add',
    args: { x: 1, y: 2 },
    cron: '0 3 29 2 *',
    ...options
  })
  const { id } = made.json()
  const { task_id } = (await service.post(`/api/schedules/${id}/run`)).json()
  await service.finished(task_id)

  t.strictSame(await rows('select * from ops.schedules where id = $1', [id]), [await get(`/api/schedules/${id}`)])
  t.strictSame(
    await rows('select * from ops.occurrences where schedule_id = $1', [id]),
    (await get(`/api/schedules/${id}/occurrences`)).items.map((item: object) => ({
      schedule_id: id,
      schedule: 'n',
      ...item
    }))
  )
})

t.test('stuck tasks are named with what ends it, slow ones with how slow', async t => {
  await service.post('/api/queues/low_priority/pause')
  const paused = await service.submit('add', { x: 1, y: 1 }, { queue: 'low_priority' })
  const fresh = await service.submit('add', { x: 1, y: 1 }, { queue: 'low_priority' })
  const scheduled = await service.submit('add', { x: 1, y: 1 }, { queue: 'low_priority', countdown: 600 })
  await service.db.pool.query(`update darkroom.tasks set created_at = now() - interval '1 hour' where id in ($1, $2)`, [
    paused,
    scheduled
  ])
  const running = await service.submit('hold', {}, { time_limit: 3000 })
  await service.until(running, ({ progress }) => progress === 0.5)
  t.match(await rows('select id, code, age, remedy from ops.stuck_tasks order by since'), [
    { id: paused, code: 'queue_paused', age: Number, remedy: `select ops.resume_queue('low_priority')` }
  ])
  t.not(fresh, paused)

  const started = (ago: string) =>
    service.db.pool.query(`update darkroom.tasks set started_at = now() - $2::interval where id = $1`, [running, ago])
  await started('2 hours')
  t.match(await rows('select * from ops.stuck_tasks where id = $1', [running]), [{ code: 'over_time_limit' }])
  await service.db.pool.query(
    `update darkroom.tasks set cancel_requested_at = now() - interval '1 minute' where id = $1`,
    [running]
  )
  t.match(await rows('select * from ops.stuck_tasks where id = $1', [running]), [{ code: 'cancel_requested' }])

  await service.submit('hold')
  await service.db.pool.query(`
    insert into darkroom.tasks (id, task, queue, state, result_expires, attempts, started_at, finished_at)
    select gen_random_uuid(), 'hold', 'default', 'SUCCESS', 1, 1, now() - interval '10 seconds', now()
    from generate_series(1, 3)`)
  t.match(await rows('select id, usual, times from ops.slow_tasks where id = $1', [running]), [
    { id: running, usual: 10, times: Number }
  ])
  await service.post(`/api/tasks/${running}/cancel?wait=20`)
})

t.test('sizes name every table and what it grows by', async t => {
  await service.db.pool.query('analyze darkroom.tasks, darkroom.events')

  const sizes = await rows('select * from ops.sizes order by bytes desc')

  t.ok(sizes.length > 20)
  const tasks = sizes.find(({ name, type }: any) => name === 'tasks' && type === 'table')
  t.match(tasks, { schema: 'darkroom', rows: Number, bytes: Number, growth_per_day: Number })
  t.ok(tasks.growth_per_day > 0 && tasks.growth_per_day <= tasks.bytes)
  t.match(
    sizes.find(({ name }: any) => name === 'tasks_listed'),
    { type: 'index', table_name: 'tasks' }
  )
})
