import t, { type Test } from 'tap'
import { seat } from '../harness/seat.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { openEar } from '../watch/clients.ts'

const TASKS_DIR = await taskFolder(t, {
  'fail.ts': taskModule('fail', `throw new GiveUp('no')`),
  'hold.ts': taskModule('hold', `await delay(60_000, undefined, { signal })`)
})
const service = await openService(t, { env: { TASKS_DIR } })
const { pool } = service.db
const address = await service.listen()
const operator = await seat(t, service.url, 'darkroom_operator')
const nobody = '01980000-0000-7000-8000-000000000000'
const add = { x: 1, y: 2 }

/** Calls a function as an operator; answers its row. */
async function call(text: string, values: unknown[] = []) {
  return (await operator.query(`select * from ops.${text}`, values)).rows[0]
}

/** Every row about a task, in every table, without what differs by nature: ids, and times but for their order. */
async function everything(id: string) {
  const row = (table: string, where: string) =>
    pool.query(`select to_jsonb(r) as row from ${table} r where ${where} order by to_jsonb(r) ->> 'id'`, [id])
  const { rows: tasks } = await row('darkroom.tasks', 'r.id = $1')
  const { rows: jobs } = await row('pgboss.job', 'r.id = $1')
  const { rows: events } = await row('darkroom.events', 'r.task_id = $1')
  const { rows: deadlines } = await row('darkroom.deadlines', 'r.task_id = $1')
  const began = Date.parse(tasks[0]?.row.created_at)
  const timeless = (row: Record<string, unknown>) =>
    Object.fromEntries(
      Object.entries(row)
        .filter(([name]) => !['id', 'task_id', 'worker', 'request_id'].includes(name))
        .map(([name, value]) => [name, isTime(value) ? about(Date.parse(value) - began) : value])
    )
  const plain = ({ row: { edited, ...row } }: { row: Record<string, unknown> }) =>
    timeless({ ...row, ...(edited ? { edited: timeless(edited as Record<string, unknown>) } : {}) })
  return {
    task: tasks.map(plain),
    job: jobs.map(plain),
    events: events.map(plain),
    deadlines: deadlines.map(plain)
  }
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)
}

/** To the minute: two calls do not come at the same moment. */
function about(milliseconds: number) {
  return `after ${Math.round(milliseconds / 60_000)} minutes`
}

const eta = '2999-01-01T00:00:00.000Z'
const submissions: Record<string, Record<string, unknown>> = {
  plain: {},
  'with everything': {
    ...{ name: 'n', description: 'd', queue: 'high_priority', priority: 7, max_retries: 1, retry_delay: 1e-40 },
    ...{ retry_backoff: false, retry_backoff_max: 5.5, retry_jitter: true, time_limit: 9, soft_time_limit: 8.5 },
    ...{ result_expires: 99, tags: ['a', 'b'], expires: 3600 }
  },
  'for later, in seconds': { countdown: 600, expires: 1200 },
  'for later, at a time': { eta },
  'at a time by its other name': { scheduled_time: eta },
  'at a time that has passed': { eta: '2020-01-01T00:00:00Z' },
  'due to expire at a time': { expires: '2999-01-01T00:00:00Z' }
}

for (const [what, options] of Object.entries(submissions)) {
  t.test(`enqueue_task writes the rows of POST /api/tasks: ${what}`, async t => {
    const theirs = await service.submit('add', add, options)
    const { expires, ...rest } = options
    const given = { args: add, ...rest, ...(typeof expires === 'string' ? { expires_at: expires } : { expires }) }
    const named = Object.entries(given).filter(([, value]) => value !== undefined)

    const ours = await call(
      `enqueue_task('add', ${named.map(([name], index) => `${name} => $${index + 1}`).join(', ')})`,
      named.map(([, value]) => value)
    )

    t.strictSame(await everything(ours.id), await everything(theirs))
    t.match(ours.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/)
    t.ok(Math.abs(Number.parseInt(ours.id.replaceAll('-', '').slice(0, 12), 16) - Date.now()) < 60_000)
    const { id, created_at, ...shown } = (await service.get(`/api/tasks/${ours.id}`)).json()
    t.match(JSON.parse(JSON.stringify(ours)), shown)
  })
}

t.test('run_at is the same as eta', async t => {
  const ours = await call(`enqueue_task('add', $1, 'default', 3, $2)`, [add, eta])

  t.match(ours, { status: 'SCHEDULED', priority: 3, queue: 'default' })
  t.strictSame(await everything(ours.id), await everything(await service.submit('add', add, { eta, priority: 3 })))
})

t.test('what HTTP refuses, SQL refuses with the same sentence and a SQLSTATE that has its status', async t => {
  const cases: Record<string, unknown>[] = [
    { task: 'nothing' },
    { task: 'sweep' },
    { args: {} },
    { args: { x: 'a', y: 1, z: 2 } },
    { args: [] },
    { queue: 'nowhere' },
    { queue: 'delayed' },
    { priority: 10, max_retries: -1 },
    { name: 'n'.repeat(201), tags: ['', 'a'] },
    { time_limit: 0, result_expires: 0 },
    { tags: Array.from({ length: 21 }, () => 'a') },
    { time_limit: 5, soft_time_limit: 5 },
    { eta, countdown: 5 },
    { scheduled_time: eta, eta },
    { args: { data: 1 }, task: 'process_data' },
    { args: { video_id: 'x' }, task: 'process_video' },
    { args: { seconds: -1 }, task: 'sleep' },
    { args: { seconds: 86_401 }, task: 'sleep' }
  ]
  for (const options of cases) {
    const body = { task: 'add', args: add, ...options }
    const refusal = (await service.post('/api/tasks', body)).json()
    t.ok(refusal.code, JSON.stringify(options))
    const entries = Object.entries(body).map(([name, value]) => [name, name === 'args' ? JSON.stringify(value) : value])

    const error = await call(
      `enqueue_task(${entries.map(([name], index) => `${name} => $${index + 1}`).join(', ')})`,
      entries.map(([, value]) => value)
    ).catch(error => error)

    const sorted = (text: string) => text.split('; ').sort()
    t.strictSame(sorted(error.message), sorted(refusal.detail), JSON.stringify(options))
    t.match(error, { code: `DR${refusal.status}`, detail: `Code: ${refusal.code}` })
  }
  await t.rejects(call(`enqueue_task('add', $1, expires => 5, expires_at => now())`, [add]), { code: 'DR400' })
  await t.rejects(call(`enqueue_task('add', $1, run_at => 'infinity')`, [add]), { code: 'DR400' })
})

/** The messages that a watcher of all tasks gets about one. */
async function watched(t: Test, act: () => Promise<string>) {
  const ear = await openEar(t, address, '/ws/tasks')
  const id = await act()
  await until(() => ear.messages.some(message => message.task_id === id), 'the watcher hears of it')
  return ear.messages.filter(message => message.task_id === id).map(({ task_id: _, ...message }) => message)
}

t.test('cancel_task and retry_task are the twins of HTTP, for a waiting task and for each watcher', async t => {
  const twins = { http: '', sql: '' }
  const messages: Record<string, unknown> = {}
  for (const way of ['http', 'sql'] as const) {
    const id = await service.submit('add', add, { countdown: 600, expires: 900 })
    twins[way] = id
    messages[way] = await watched(t, async () => {
      if (way === 'http') t.equal((await service.post(`/api/tasks/${id}/cancel`)).statusCode, 200)
      else t.match(await call('cancel_task($1)', [id]), { id, status: 'CANCELLED', error: { type: 'cancelled' } })
      return id
    })
  }
  t.strictSame(messages.sql, messages.http)
  t.strictSame(await everything(twins.sql), await everything(twins.http))

  for (const way of ['http', 'sql'] as const) {
    const id = twins[way]
    messages[way] = await watched(t, async () => {
      if (way === 'http') t.equal((await service.post(`/api/tasks/${id}/retry`)).statusCode, 202)
      else t.match(await call('retry_task($1)', [id]), { id, status: 'PENDING', error: null })
      return id
    })
  }
  t.strictSame(messages.sql, messages.http)
  t.strictSame(await everything(twins.sql), await everything(twins.http))
  for (const id of Object.values(twins)) await service.post(`/api/tasks/${id}/cancel`)
})

t.test('their refusals are those of HTTP', async t => {
  const waiting = await service.submit('add', add, { countdown: 600 })
  const cancelled = await service.submit('add', add, { countdown: 600 })
  await service.post(`/api/tasks/${cancelled}/cancel`)
  const cases: [string, string, string][] = [
    ['cancel_task($1)', 'cancel', cancelled],
    ['cancel_task($1)', 'cancel', nobody],
    ['retry_task($1)', 'retry', waiting],
    ['retry_task($1)', 'retry', nobody]
  ]
  for (const [text, act, id] of cases) {
    const { detail, code, status } = (await service.post(`/api/tasks/${id}/${act}`)).json()
    await t.rejects(call(text, [id]), { message: detail, code: `DR${status}`, detail: `Code: ${code}` }, `${act} ${id}`)
  }
  await t.rejects(call('why($1)', [nobody]), { code: 'DR404' })
  const { detail } = (await service.post('/api/queues/nowhere/pause')).json()
  await t.rejects(call('pause_queue($1)', ['nowhere']), { code: 'DR404', message: detail })
})

t.test('change_task is the twin of PATCH, for each field, each watcher and the workers', async t => {
  const changes: [body: object, named: string, lane: string][] = [
    [{ priority: 9 }, 'priority => 9', 'delayed'],
    [{ queue: 'low_priority' }, `queue => 'low_priority'`, 'delayed'],
    [{ tags: ['a', 'b'] }, `tags => '{a,b}'`, 'delayed'],
    [{ tags: [] }, `tags => '{}'`, 'delayed'],
    [{ eta }, `eta => '${eta}'`, 'delayed'],
    [{ queue: 'media', priority: 0 }, `queue => 'media', priority => 0`, 'delayed'],
    [{ eta: null }, `eta => '-infinity'`, 'media'],
    [{ queue: 'low_priority' }, `queue => 'low_priority'`, 'low_priority'],
    [{ eta: '2020-01-01T00:00:00Z' }, `eta => '2020-01-01T00:00:00Z'`, 'low_priority']
  ]
  const twins = {
    http: await service.submit('add', add, { countdown: 600 }),
    sql: await service.submit('add', add, { countdown: 600 })
  }
  const ear = await openEar(t, address, '/ws/tasks')
  const told = (id: string) =>
    ear.messages.filter(message => message.task_id === id).map(({ task_id: _, ...message }) => message)
  for (const [body, named, lane] of changes) {
    await notified(t, { darkroom_changed: twins.http, darkroom_wake: lane }, async () => {
      t.equal((await service.patch(`/api/tasks/${twins.http}`, body)).statusCode, 200, JSON.stringify(body))
    })
    await notified(t, { darkroom_changed: twins.sql, darkroom_wake: lane }, async () => {
      const { id, created_at, ...changed } = await call(`change_task($1, ${named})`, [twins.sql])
      t.match((await service.get(`/api/tasks/${twins.sql}`)).json(), JSON.parse(JSON.stringify(changed)))
    })
    t.strictSame(await everything(twins.sql), await everything(twins.http), named)
  }
  await until(() => told(twins.sql).at(-1)?.status === 'PENDING', 'the watcher hears of the last change')
  t.strictSame(told(twins.sql), told(twins.http))
  for (const id of Object.values(twins)) await service.post(`/api/tasks/${id}/cancel`)
})

/** An act after which Postgres tells everyone who listens of it. */
async function notified(t: Test, expected: Record<string, string>, act: () => Promise<void>) {
  const client = await pool.connect()
  const heard = new Set<string>()
  const keep = ({ channel, payload = '' }: { channel: string; payload?: string | undefined }) => {
    for (const each of payload.split(',')) heard.add(`${channel} ${each}`)
  }
  client.on('notification', keep)
  await client.query('listen darkroom_changed; listen darkroom_wake')
  try {
    await act()
    for (const [channel, payload] of Object.entries(expected)) {
      await until(() => heard.has(`${channel} ${payload}`), `${channel} says ${payload}`)
    }
    t.strictSame(
      [...heard].sort(),
      Object.entries(expected)
        .map(each => each.join(' '))
        .sort()
    )
  } finally {
    await client.query('unlisten *')
    client.off('notification', keep)
    client.release()
  }
}

t.test('its refusals are those of PATCH, and change nothing', async t => {
  const waiting = await service.submit('add', add, { countdown: 600 })
  const cancelled = await service.submit('add', add, { countdown: 600 })
  await service.post(`/api/tasks/${cancelled}/cancel`)
  const before = await everything(waiting)
  const cases: [id: string, body: Record<string, unknown>][] = [
    [waiting, {}],
    [waiting, { priority: 10, tags: ['', 'a'] }],
    [waiting, { priority: -1 }],
    [waiting, { queue: 'nowhere' }],
    [waiting, { queue: 'delayed' }],
    [waiting, { queue: 'q'.repeat(101) }],
    [waiting, { tags: Array.from({ length: 21 }, () => 'a') }],
    [nobody, { queue: 'nowhere' }],
    [nobody, { priority: 1 }],
    [cancelled, { priority: 1, eta }]
  ]
  for (const [id, body] of cases) {
    const { detail, code, status } = (await service.patch(`/api/tasks/${id}`, body)).json()
    const named = Object.keys(body).map((name, index) => `, ${name} => $${index + 2}`)
    const error = await call(`change_task($1${named.join('')})`, [id, ...Object.values(body)]).catch(error => error)
    const sorted = (text: string) => text.split('; ').sort()
    t.strictSame(sorted(error.message), sorted(detail), JSON.stringify(body))
    t.match(error, { code: `DR${status}`, detail: `Code: ${code}` })
  }
  for (const never of ['infinity', '10000-01-01 00:00Z', '0001-01-01 00:00Z BC']) {
    await t.rejects(call('change_task($1, eta => $2)', [waiting, never]), { code: 'DR400', message: /^eta must be/ })
  }
  t.strictSame(await everything(waiting), before)
})

t.test('pause_queue and resume_queue are the twins of HTTP', async t => {
  const queue = async () =>
    (await service.get('/api/queues')).json().items.find(({ name }: { name: string }) => name === 'media')

  t.match(await call(`pause_queue('media')`), { name: 'media', paused: true, paused_at: Date })
  const paused = await queue()
  t.match(paused, { paused: true })
  await call(`pause_queue('media')`)
  t.strictSame((await queue()).paused_at, paused.paused_at, 'a second pause keeps the time of the first')
  t.match(await call(`resume_queue('media')`), { paused: false, paused_at: null })
  t.match(await queue(), { paused: false })

  const until = new Date(Date.now() + 3_600_000).toISOString()
  const bySql = await call(`pause_queue('media', 'new disk', $1)`, [until])
  t.match(bySql, { reason: 'new disk', until: new Date(until), paused_by: String })
  await call(`resume_queue('media')`)
  const byHttp = (await service.post('/api/queues/media/pause', { reason: 'new disk', until })).json()
  t.match(byHttp, { paused: true, reason: 'new disk', until, paused_by: '127.0.0.1' })
  for (const past of ['2020-01-01T00:00:00Z']) {
    const { detail } = (await service.post('/api/queues/media/pause', { until: past })).json()
    t.match(detail, 'until must be in the future')
    await t.rejects(call(`pause_queue('media', until => $1)`, [past]), { code: 'DR400', message: detail })
  }
  await call(`resume_queue('media')`)
})

t.test('with a worker', async t => {
  await service.startWorker()

  t.test('cancel_task stops a running task, and retry_task runs it again', async t => {
    const twins = { http: '', sql: '' }
    for (const way of ['http', 'sql'] as const) {
      const id = await service.submit('hold')
      twins[way] = id
      await service.until(id, ({ state }) => state === 'STARTED')
      if (way === 'http') await service.post(`/api/tasks/${id}/cancel`)
      else t.match(await call('cancel_task($1)', [id]), { state: 'STARTED' })
      t.match(await service.finished(id), { state: 'REVOKED', error: { type: 'cancelled' } })
    }
    t.strictSame(await everything(twins.sql), await everything(twins.http))

    await call('retry_task($1)', [twins.sql])
    await service.until(twins.sql, ({ state }) => state === 'STARTED')
    // A claimed task is STARTED, too, until its body runs.
    const running = async () =>
      (await call('why($1)', [twins.sql])).why.startsWith('running: Attempt 2 runs in a worker')
    t.ok(await until(running, 'its body runs'))
    await service.post(`/api/tasks/${twins.sql}/cancel?wait=20`)
  })

  t.test('change_task wakes the workers of the queue that it moves a task to', async t => {
    const id = await service.submit('add', add, { countdown: 3600, queue: 'media' })

    t.match(await call(`change_task($1, queue => 'default', eta => '-infinity')`, [id]), { id, queue: 'default' })

    t.match(await service.finished(id), { state: 'SUCCESS', eta: null, queue: 'default' })
    await t.rejects(call('change_task($1, priority => 1)', [id]), { code: 'DR409', detail: 'Code: TASK_NOT_WAITING' })
  })

  t.test('retry_where retries what failed, by kind and time, in batches, and wakes the workers', async t => {
    const failed = await Promise.all([1, 2, 3].map(() => service.submit('fail')))
    for (const id of failed) t.match(await service.finished(id), { state: 'FAILURE' })
    const retry = async (text: string) =>
      (await operator.query(`select * from ops.retry_where(${text}) as id`)).rows.map(({ id }) => id)

    t.strictSame(await retry(`'FAILURE', 'add'`), [])
    t.strictSame(await retry(`'FAILURE', 'fail', now()`), [])
    const first = await retry(`'FAILURE', 'fail', now() - interval '1 hour', most => 2`)
    t.strictSame(first, failed.toSorted().slice(0, 2))
    for (const id of failed) t.match(await service.finished(id), { state: 'FAILURE' })
    t.strictSame((await retry(`task => 'fail', since => null`)).length, 3)
    for (const id of failed) await service.finished(id)
    t.match((await service.get(`/api/tasks/${first[0]}`)).json(), { attempts: 3 })
    await t.rejects(operator.query(`select ops.retry_where('SUCCESS')`), { code: 'DR400' })
  })

  t.test('cancel_where cancels what waits and what runs, by kind and queue, in batches', async t => {
    await service.post('/api/queues/low_priority/pause')
    const waiting = await Promise.all([1, 2, 3].map(() => service.submit('add', add, { queue: 'low_priority' })))
    const cancel = async (text: string) =>
      (await operator.query(`select * from ops.cancel_where(${text}) as id`)).rows.map(({ id }) => id)
    t.strictSame(await cancel(`task => 'fail', queue => 'low_priority'`), [])
    t.strictSame(await cancel(`queue => 'low_priority', since => now() + interval '1 hour'`), [])
    t.strictSame(await cancel(`queue => 'low_priority', most => 2`), waiting.toSorted().slice(0, 2))
    t.equal((await cancel(`task => 'add', queue => 'low_priority'`)).length, 1)
    for (const id of waiting) t.match(await service.finished(id), { state: 'REVOKED', error: { type: 'cancelled' } })
    const id = await service.submit('sleep', { seconds: 600 })
    await service.until(id, ({ state }) => state === 'STARTED')
    t.strictSame(await cancel(`'STARTED', 'sleep'`), [id])
    t.match(await service.finished(id), { state: 'REVOKED' })
    await t.rejects(operator.query(`select ops.cancel_where('SUCCESS')`), { code: 'DR400' })
    await service.post('/api/queues/low_priority/resume')
  })
})

t.test('why has the code and sentence of HTTP', async t => {
  await service.post('/api/queues/low_priority/pause')
  const ids = [
    await service.submit('add', add, { countdown: 600 }),
    await service.submit('add', add, { queue: 'low_priority' }),
    await service.submit('add', add)
  ]
  await service.finished(ids[2]!)
  for (const id of ids) {
    const { code, sentence } = (await service.get(`/api/tasks/${id}/why`)).json()
    t.match(await call('why($1)', [id]), { why: `${code}: ${sentence}` })
  }
})
