import t from 'tap'
import { dueQueue } from '../../../src/queue/boss.ts'
import { channels } from '../../../src/tasks/channels.ts'
import { byHand } from '../../harness/by-hand.ts'
import { shoot } from '../../harness/clip.ts'
import { quickFfmpeg } from '../../harness/quick-ffmpeg.ts'
import { openService, type Service } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'
import { until } from '../../harness/until.ts'

const folder = await taskFolder(t, {
  'fail.ts': taskModule('fail', `throw new Error('no such luck')`, 'max_retries: 0')
})

/** What was removed up to now, by this run or by one that the schedule has started meanwhile. */
async function expire(service: Service) {
  const task = await service.finished(await service.submit('expire_results'))
  if (task.state !== 'SUCCESS') throw new Error(JSON.stringify(task))
  const open = `select from darkroom.tasks where task = 'expire_results' and finished_at is null`
  await until(async () => (await service.db.pool.query(open)).rowCount === 0, 'no run is under way')
  const { rows } = await service.db.pool.query(`
    select key, sum(value::int)::int as count
    from pgboss.job, jsonb_each_text(output) where data->>'task' = 'expire_results' and state = 'completed' group by key`)
  return Object.fromEntries(rows.map(({ key, count }) => [key, count]))
}

/** As if a task had been finished so long ago, and asked for before that. */
async function age({ db }: Service, id: string, seconds: number) {
  for (const [table, column] of [
    ['darkroom.tasks', 'created_at'],
    ['darkroom.tasks', 'finished_at'],
    ['pgboss.job', 'completed_on']
  ]) {
    await db.pool.query(
      `update ${table} set ${column} = ${column} - $2 * interval '1 second' where id = $1 and ${column} is not null`,
      [id, seconds]
    )
  }
}

/** The number of rows about a task. */
async function traces({ db }: Service, id: string) {
  const { rows } = await db.pool.query(
    `select
      (select count(*)::int from darkroom.tasks where id = $1) as tasks,
      (select count(*)::int from pgboss.job where id = $1) as jobs,
      (select count(*)::int from darkroom.attempts where task_id = $1) as attempts,
      (select count(*)::int from darkroom.events where task_id = $1) as events,
      (select count(*)::int from darkroom.deadlines where task_id = $1) as deadlines`,
    [id]
  )
  return rows[0]
}

t.test('a result is removed when it has expired, and not a minute before; its task stays', async t => {
  const service = await openService(t, { worker: true, env: { TASKS_DIR: folder } })
  const old = await service.submit('add', { x: 1, y: 1 }, { result_expires: 600 })
  const young = await service.submit('add', { x: 2, y: 2 }, { result_expires: 600 })
  const failed = await service.submit('fail', {}, { result_expires: 600 })
  for (const id of [old, young, failed]) await service.finished(id)
  await age(service, old, 601)
  await age(service, failed, 601)
  await age(service, young, 540)

  const removed = await expire(service)

  t.strictSame(removed, { results: 2, tasks: 0, logs: 0 })
  t.match(await traces(service, old), { tasks: 1, jobs: 0, attempts: 1 })
  t.match(await traces(service, young), { tasks: 1, jobs: 1 })
  t.match((await service.get(`/api/tasks/${old}`)).json(), {
    state: 'SUCCESS',
    result: null,
    error: { type: 'expired' }
  })
  t.match((await service.get(`/api/tasks/${failed}`)).json(), { state: 'FAILURE', error: { message: 'no such luck' } })
  t.match((await service.get(`/api/tasks/${young}`)).json(), { result: 4, error: null })
  await service.post(`/api/tasks/${failed}/retry`)
  t.match(await service.finished(failed), { state: 'FAILURE', attempts: 2 }, 'and can be tried again')
})

t.test('a finished task is removed with every row about it after HISTORY_EXPIRES; an open one never', async t => {
  const service = await openService(t, { worker: true, env: { TASKS_DIR: folder, HISTORY_EXPIRES: '1000' } })
  const old = [
    await service.submit('add', { x: 1, y: 1 }, { expires: 9_000, result_expires: 5_000 }),
    await service.submit('fail')
  ]
  const young = await service.submit('add', { x: 2, y: 2 })
  const open = await service.submit('add', { x: 3, y: 3 }, { countdown: 9_000 })
  for (const id of [...old, young]) await service.finished(id)
  for (const id of [...old, open]) await age(service, id, 1_001)
  await age(service, young, 900)

  const removed = await expire(service)

  t.match(removed, { tasks: 2 })
  for (const id of old) {
    t.strictSame(await traces(service, id), { tasks: 0, jobs: 0, attempts: 0, events: 0, deadlines: 0 })
    t.equal((await service.get(`/api/tasks/${id}`)).statusCode, 404)
  }
  t.match(await traces(service, young), { tasks: 1, jobs: 1, attempts: 1 })
  t.match((await service.get(`/api/tasks/${open}`)).json(), { state: 'PENDING' })
})

t.test('a failed video keeps its status and reason when its task is forgotten', async t => {
  const FFMPEG_PATH = await quickFfmpeg(t, process.env.FFMPEG_PATH || 'ffmpeg')
  const service = await openService(t, { env: { HISTORY_EXPIRES: '1000', FFMPEG_PATH } })
  const broken = await service.keep('no film')
  const cancelled = await service.keep('no film')
  const fine = await service.keep(await shoot())
  await service.post(`/api/tasks/${cancelled.task_id}/cancel`)
  await service.startWorker()
  for (const { task_id } of [broken, fine]) await service.finished(task_id)
  const look = () =>
    Promise.all([broken, cancelled, fine].map(async ({ id }) => (await service.get(`/api/videos/${id}`)).json()))
  const before = await look()
  for (const { task_id } of [broken, cancelled, fine]) await age(service, task_id, 1_001)

  const removed = await expire(service)

  t.match(removed, { tasks: 3 })
  const after = await look()
  t.match(before, [{ status: 'failed', error: { type: 'not_a_video' } }, { status: 'failed' }, { status: 'ready' }])
  t.strictSame(
    after.map(({ status, error, renditions }) => ({ status, error, renditions })),
    before.map(({ status, error, renditions }) => ({ status, error, renditions }))
  )
  const again = (await service.post(`/api/videos/${broken.id}/process`)).json().task_id
  t.match(await service.finished(again), { state: 'FAILURE' }, 'and can be made again')
})

t.test('one run removes more than one batch', async t => {
  const service = await openService(t, { worker: true, env: { HISTORY_EXPIRES: '1000' } })
  const tasks = Array.from({ length: 2_500 }, () => ({ task: 'add', args: { x: 1, y: 1 }, countdown: 9_000 }))
  await service.post('/api/tasks/bulk', { tasks })
  await service.db.pool.query(
    `update pgboss.job set name = 'default', state = 'completed', completed_on = now() - interval '2 days' where name = 'delayed'`
  )
  await service.db.pool.query(
    `update darkroom.tasks set state = 'SUCCESS', created_at = now() - interval '2 days', finished_at = now() - interval '2 days' where task = 'add'`
  )

  const removed = await expire(service)

  t.match(removed, { results: 2_500, tasks: 2_500 })
  const { rows } = await service.db.pool.query(
    `select count(*)::int from darkroom.events where task_id not in (select id from darkroom.tasks)`
  )
  t.strictSame(rows, [{ count: 0 }])
})

t.test('of its own successes the last is kept, and a run that fails leaves everything to the next', async t => {
  const service = await openService(t, { worker: true })
  // A run of the schedule would be the last.
  await service.patch('/api/schedules/expire_results', { enabled: false })
  const first = await service.submit('expire_results')
  await service.finished(first)
  await age(service, first, 100)
  await service.db.pool.query('alter view darkroom.task_groups rename to hidden')

  const failed = await service.finished(await service.submit('expire_results'))
  await service.db.pool.query('alter view darkroom.hidden rename to task_groups')

  t.match(failed, { state: 'FAILURE', attempts: 1 })
  t.strictSame((await traces(service, first)).tasks, 1)
  await expire(service)
  t.strictSame((await traces(service, first)).tasks, 0)

  await t.test('its schedule is in the list of pg-boss', async t => {
    await service.patch('/api/schedules/expire_results', { enabled: true })
    const found = async () => {
      const { rows } = await service.db.pool.query(
        `select p.cron, p.timezone from pgboss.schedule p join darkroom.schedules s on s.id::text = p.key
        where s.name = 'expire_results'`
      )
      return rows[0]
    }

    t.strictSame(await until(found, 'it is on the list'), { cron: '* * * * *', timezone: 'UTC' })
  })
})

/** As if its minute were over. Answers what became of this occurrence. */
async function ring({ db: { pool } }: Service) {
  const { rows } = await pool.query(
    `update darkroom.schedules set next_run_at = date_trunc('milliseconds', now())
    where name = 'expire_results' returning id, next_run_at`
  )
  await pool.query('select pg_notify($1, $2)', [channels.wake, dueQueue])
  const look = async () => {
    const text = 'select outcome, reason, task_id from darkroom.occurrences where schedule_id = $1 and due_at = $2'
    return (await pool.query(text, [rows[0].id, rows[0].next_run_at])).rows[0]
  }
  return until(look, 'its occurrence has an outcome')
}

t.test('its queue is made again when it was removed, and the log says so', async t => {
  const said: string[] = []
  const service = await openService(t, { worker: true, hear: ({ msg }) => said.push(msg) })
  const result = await service.submit('add', { x: 1, y: 1 }, { result_expires: 600 })
  await service.finished(result)
  await byHand(service.db.pool, `select pgboss.delete_queue('low_priority')`)
  await age(service, result, 601)

  t.match(await ring(service), { outcome: 'fired' })

  await until(async () => (await traces(service, result)).jobs === 0, 'the result is gone')
  t.ok(said.some(line => line.includes('the queue of a system schedule was removed')))
})

t.test('while its queue is paused one run waits, and not one for each minute', async t => {
  const service = await openService(t, { worker: true })
  const open = `select count(*)::int from darkroom.tasks where task = 'expire_results' and state = 'PENDING'`
  await service.post('/api/queues/low_priority/pause')

  await ring(service)
  t.match(await ring(service), { outcome: 'skipped', reason: 'overlap' })

  t.strictSame((await service.db.pool.query(open)).rows, [{ count: 1 }])
})

t.test('a delayed task of the kind does not stop the scheduled runs', async t => {
  const service = await openService(t, { worker: true })
  await service.submit('expire_results', {}, { countdown: 600 })

  const { task_id } = await ring(service)

  t.match(await service.finished(task_id), { state: 'SUCCESS' })
})
