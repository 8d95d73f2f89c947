import t from 'tap'
import { v7 as uuid } from 'uuid'
import { linesOf } from '../harness/audit.ts'
import { local } from '../harness/receiver.ts'
import { seat } from '../harness/seat.ts'
import { openService } from '../harness/service.ts'

const service = await openService(t, { env: { ...local, AUTH: 'off' } })
const { api, submit } = service

type Method = 'POST' | 'PATCH' | 'DELETE' | 'GET'

interface Act {
  /** As in the OpenAPI document. */
  route: string
  action: string
  target: { type: string; id?: string }
  body?: object
  /** Fills in the ids of the route. */
  params?: Record<string, string>
  detail?: object
}

const later = { scheduled_time: '2040-01-01T00:00:00Z' }
const waiting = () => submit('add', { x: 1, y: 1 }, later)
const revoked = async () => {
  const id = await waiting()
  await service.db.pool.query('select darkroom.request_cancel($1)', [id])
  return id
}
const schedule = async (name: string) =>
  (
    await service.post('/api/schedules', {
      name,
      cron: '0 4 * * *',
      args: { data: '' },
      start_at: '2097-01-01T00:00:00Z'
    })
  ).json().id as string
const webhook = async () =>
  (await service.post('/api/webhooks', { url: 'http://127.0.0.1:65535/hook' })).json().id as string

const worker = uuid()
await service.db.pool.query(
  // No process renews its heartbeat: one of the future keeps the worker from being lost before its turn.
  `insert into darkroom.workers (id, host, pid, version, queues, concurrency, heartbeat_at)
   values ($1, 'here', 1, 'test', '{}', 1, now() + interval '1 hour')`,
  [worker]
)
const [cancelled, changed, retried, forgotten] = [await waiting(), await waiting(), await revoked(), await revoked()]
const [film, doomed] = [await service.keep('not a film'), await service.keep('not a film either')]
const [edited, other, removed] = [await schedule('edited'), await schedule('other'), await schedule('removed')]
const [hook, gone] = [await webhook(), await webhook()]
const soon = new Date(Date.now() + 3_600_000).toISOString()
const silence = (await service.post('/api/problems/silences', { code: 'queue_old', until: soon })).json().id as string
const key = async () => (await service.post('/api/keys', { name: 'some', preset: 'viewer' })).json().id as string
const [turned, ended] = [await key(), await key()]
const session = async () => {
  const { key } = (await service.post('/api/keys', { name: 'anna', preset: 'viewer' })).json()
  const { headers } = await service.post('/api/session', { key }, { host: 'localhost' })
  return /dr_s_(\w{10})/.exec(String(headers['set-cookie']))![1]!
}
const signedIn = await session()
const bulk = async () => {
  await submit('add', { x: 1, y: 1 }, { ...later, tags: ['bulk'] })
  const filter = { tag: 'bulk' }
  return (await service.post('/api/bulk-operations', { action: 'cancel', filter })).json()
}
const done = await bulk()
await service.startWorker({ WORKER_QUEUES: 'high_priority' })
await service.finished(done.task_id)
await service.post('/api/queues/high_priority/pause')
const halted = await bulk()
const { kid } = (await service.post('/api/signing-keys', { name: 'shop' })).json()
const of = (type: string, id: string) => ({ target: { type, id }, params: { id } })
const media = { target: { type: 'queue', id: 'media' }, params: { name: 'media' } }
const past = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' }

const acts: Act[] = [
  { route: 'POST /api/tasks/{id}/cancel', action: 'task.cancel', ...of('task', cancelled) },
  {
    route: 'PATCH /api/tasks/{id}',
    action: 'task.change',
    ...of('task', changed),
    body: { priority: 7 },
    detail: { priority: 7 }
  },
  { route: 'POST /api/tasks/{id}/retry', action: 'task.retry', ...of('task', retried) },
  { route: 'DELETE /api/tasks/{id}', action: 'task.forget', ...of('task', forgotten), detail: { state: 'REVOKED' } },
  {
    route: 'POST /api/videos/{id}/process',
    action: 'video.process',
    ...of('video', film.id),
    detail: { task_id: film.task_id }
  },
  { route: 'POST /process-video', action: 'video.process', ...of('video', film.id), body: { video_id: film.id } },
  { route: 'POST /api/process-video', action: 'video.process', ...of('video', film.id), body: { video_id: film.id } },
  {
    route: 'POST /api/schedules',
    action: 'schedule.add',
    target: { type: 'schedule' },
    body: { name: 'added', every: 3600, args: { data: '' } },
    detail: { name: 'added' }
  },
  {
    route: 'PATCH /api/schedules/{id}',
    action: 'schedule.edit',
    ...of('schedule', edited),
    body: { priority: 3 },
    detail: { name: 'edited', fields: ['priority'] }
  },
  {
    route: 'PATCH /api/schedules/{id}',
    action: 'schedule.disable',
    ...of('schedule', edited),
    body: { enabled: false }
  },
  { route: 'PATCH /api/schedules/{id}', action: 'schedule.enable', ...of('schedule', edited), body: { enabled: true } },
  {
    route: 'POST /api/schedules/{id}/run',
    action: 'schedule.run',
    ...of('schedule', other),
    detail: { name: 'other' }
  },
  {
    route: 'POST /api/schedules/{id}/backfill',
    action: 'schedule.backfill',
    ...of('schedule', other),
    body: past,
    detail: { count: 0 }
  },
  {
    route: 'DELETE /api/schedules/{id}',
    action: 'schedule.remove',
    ...of('schedule', removed),
    detail: { name: 'removed' }
  },
  {
    route: 'POST /api/queues/{name}/pause',
    action: 'queue.pause',
    ...media,
    body: { reason: 'full' },
    detail: { reason: 'full' }
  },
  { route: 'POST /api/queues/{name}/resume', action: 'queue.resume', ...media },
  { route: 'POST /api/queues/{name}/purge', action: 'queue.purge', ...media },
  {
    route: 'PATCH /api/workers/{id}',
    action: 'worker.change',
    ...of('worker', worker),
    body: { paused: true },
    detail: { paused: true }
  },
  {
    route: 'POST /api/workers/{id}/shutdown',
    action: 'worker.shutdown',
    ...of('worker', worker),
    body: { mode: 'cold' },
    detail: { mode: 'cold' }
  },
  {
    route: 'POST /api/webhooks',
    action: 'webhook.add',
    target: { type: 'webhook' },
    body: { url: 'http://127.0.0.1:65535/secret' },
    detail: { host: '127.0.0.1:65535' }
  },
  {
    route: 'POST /api/problems/silences',
    action: 'problem.silence',
    target: { type: 'problem', id: 'disk_low' },
    body: { code: 'disk_low', until: soon, reason: 'known' },
    detail: { subject: null, until: soon, reason: 'known' }
  },
  {
    route: 'DELETE /api/problems/silences/{id}',
    action: 'problem.unsilence',
    target: { type: 'problem', id: 'queue_old' },
    params: { id: silence }
  },
  {
    route: 'PATCH /api/webhooks/{id}',
    action: 'webhook.edit',
    ...of('webhook', hook),
    body: { ordered: true },
    detail: { fields: ['ordered'] }
  },
  { route: 'POST /api/webhooks/{id}/rotate', action: 'webhook.rotate', ...of('webhook', hook) },
  { route: 'POST /api/webhooks/{id}/test', action: 'webhook.test', ...of('webhook', hook) },
  {
    route: 'POST /api/webhooks/{id}/replay',
    action: 'webhook.replay',
    ...of('webhook', hook),
    body: { since: '2026-01-01T00:00:00Z' }
  },
  { route: 'DELETE /api/webhooks/{id}', action: 'webhook.remove', ...of('webhook', gone) },
  {
    route: 'GET /api/videos/{id}/files/original',
    action: 'original.download',
    ...of('video', film.id),
    params: { id: film.id }
  },
  {
    route: 'POST /api/keys',
    action: 'key.create',
    target: { type: 'key' },
    body: { name: 'shop', preset: 'player' },
    detail: { name: 'shop', scopes: ['play'] }
  },
  { route: 'POST /api/keys/{id}/rotate', action: 'key.rotate', ...of('key', turned), detail: { overlap: 86_400 } },
  { route: 'DELETE /api/keys/{id}', action: 'key.revoke', ...of('key', ended), detail: { name: 'some' } },
  { route: 'DELETE /api/sessions/{id}', action: 'session.end', ...of('session', signedIn) },
  {
    route: 'POST /api/signing-keys',
    action: 'signing_key.add',
    target: { type: 'signing_key' },
    body: { name: 'other shop' }
  },
  {
    route: 'DELETE /api/signing-keys/{kid}',
    action: 'signing_key.retire',
    target: { type: 'signing_key', id: kid },
    params: { kid }
  },
  { route: 'POST /api/videos/{id}/playback/revoke', action: 'playback.revoke', ...of('video', film.id) },
  {
    route: 'POST /api/bulk-operations',
    action: 'bulk.retry',
    target: { type: 'bulk_operation' },
    body: { action: 'retry', filter: { tag: 'none' } },
    detail: { expected: 0 }
  },
  { route: 'POST /api/bulk-operations/{id}/abort', action: 'bulk.abort', ...of('bulk_operation', halted.id) },
  {
    route: 'POST /api/bulk-operations/{id}/undo',
    action: 'bulk.undo',
    target: { type: 'bulk_operation' },
    params: { id: done.id },
    detail: { undo_of: done.id }
  },
  {
    route: 'PATCH /api/videos/{id}',
    action: 'video.change',
    ...of('video', film.id),
    body: { playback: 'public' },
    detail: { playback: 'public' }
  },
  {
    route: 'DELETE /api/videos/{id}',
    action: 'video.delete',
    ...of('video', doomed.id),
    detail: { filename: 'film.mp4', bytes: 17 }
  }
]

/** Submissions, and what changes nothing: `created_by` of the task or film says who. */
const noActs = [
  ...['POST /api/tasks', 'POST /api/tasks/bulk', 'POST /api/tasks/process'],
  // Making a link changes nothing. Sessions are tried with a key, in test/keys/.
  ...['POST /api/videos/{id}/playback', 'POST /api/tickets', 'POST /api/session', 'DELETE /api/session'],
  ...['POST /api/videos', 'POST /upload', 'POST /api/upload', 'POST /api/schedules/preview'],
  ...['POST /api/uploads', 'PATCH /api/uploads/{id}', 'POST /api/uploads/{id}', 'DELETE /api/uploads/{id}']
]

t.before(async () => {
  // Otherwise the deletion has a line for its task, too.
  await service.db.pool.query('select darkroom.request_cancel($1)', [doomed.task_id])
})

for (const { route, action, target, params = {}, body, detail = {} } of acts) {
  t.test(`${route} has one line: ${action}`, async t => {
    const [method, template] = route.split(' ') as [Method, string]
    const url = template.replaceAll(/\{(\w+)\}/g, (_, name) => params[name]!)
    const requestId = uuid()
    const headers = { 'x-request-id': requestId }

    const response = await api.app.inject({ method, url, ...(body && { payload: body }), headers })

    t.match(String(response.statusCode), /^2/, response.body)
    const lines = (await linesOf(service)).filter(line => line.request_id === requestId)
    t.equal(lines.length, 1)
    t.equal(response.headers['x-request-id'], requestId)
    t.match(lines[0], {
      action,
      target,
      actor: { kind: 'anonymous', id: null, name: null },
      outcome: 'done',
      ip: '127.0.0.1',
      detail
    })
    if (target.id === undefined) t.equal(lines[0]!.target.id, response.json().id ?? response.json().kid)
  })
}

t.test('every route that changes something is an act or a submission', async t => {
  const { paths } = (await service.get('/openapi.json')).json()
  const routes = Object.entries<object>(paths).flatMap(([url, methods]) =>
    Object.keys(methods)
      .filter(method => ['post', 'put', 'patch', 'delete'].includes(method))
      .map(method => `${method.toUpperCase()} ${url}`)
  )
  const known = new Set([...acts.map(({ route }) => route), ...noActs])

  t.strictSame(
    routes.filter(route => !known.has(route)),
    [],
    'none is forgotten'
  )
})

t.test('an act that is refused, fails or is repeated has no line', async t => {
  const before = (await linesOf(service)).length
  const refused: [Method, string, object?][] = [
    ['POST', `/api/tasks/${cancelled}/cancel`],
    ['PATCH', `/api/tasks/${cancelled}`, { priority: 1 }],
    ['POST', `/api/tasks/${changed}/retry`],
    ['DELETE', `/api/tasks/${changed}`],
    ['POST', `/api/tasks/${uuid()}/cancel`],
    ['DELETE', `/api/videos/${uuid()}`],
    ['POST', '/api/queues/nowhere/pause'],
    ['POST', '/api/queues/media/pause', { until: '2020-01-01T00:00:00Z' }],
    ['DELETE', '/api/schedules/sweep'],
    ['POST', '/api/schedules', { name: 'edited', every: 60, args: { data: '' } }],
    ['PATCH', `/api/workers/${uuid()}`, { paused: true }],
    ['DELETE', `/api/webhooks/${gone}`],
    ['POST', '/api/webhooks', { url: 'https://10.0.0.1/' }]
  ]
  for (const [method, url, payload] of refused) {
    const response = await api.app.inject({ method, url, ...(payload && { payload }) })
    t.match(String(response.statusCode), /^4/, `${method} ${url}: ${response.body}`)
  }
  t.equal((await linesOf(service)).length, before)

  const keyed = { headers: { 'idempotency-key': 'twice' }, payload: { name: 'keyed', every: 3600, args: { data: '' } } }
  for (const _ of [1, 2]) {
    t.equal((await api.app.inject({ method: 'POST', url: '/api/schedules', ...keyed })).statusCode, 201)
  }
  t.equal((await linesOf(service)).length, before + 1, 'an answer that is replayed is no act')
})

t.test('an original that is fetched in ranges is one download', async t => {
  const ranges = async (id: string) => {
    for (const range of ['bytes=0-3', 'bytes=4-5']) {
      t.equal((await service.get(`/api/videos/${id}/files/original`, { range })).statusCode, 206)
    }
    return (await linesOf(service, `&action=original.download&target=${id}`)).length
  }
  const { id } = await service.keep('another film')

  t.equal(await ranges(id), 1)
})

t.test('the acts of the schema ops have one line each, of the login role', async t => {
  const operator = await seat(t, service.url, 'darkroom_operator')
  const { rows } = await operator.query('select session_user as name')
  const me = rows[0].name as string
  const [a, b, c] = [await waiting(), await waiting(), await revoked()]
  const calls: [text: string, action: string, target: object][] = [
    [`ops.cancel_task('${a}')`, 'task.cancel', { type: 'task', id: a }],
    [`ops.change_task('${b}', priority => 2)`, 'task.change', { type: 'task', id: b }],
    [`ops.retry_task('${c}')`, 'task.retry', { type: 'task', id: c }],
    [`ops.retry_where(state => 'REVOKED')`, 'task.retry', { type: 'task', id: null }],
    [`ops.cancel_where()`, 'task.cancel', { type: 'task', id: null }],
    [`ops.pause_queue('media', 'full')`, 'queue.pause', { type: 'queue', id: 'media' }],
    [`ops.resume_queue('media')`, 'queue.resume', { type: 'queue', id: 'media' }],
    [`ops.set_schedule('by sql', every => 60, args => '{"data": ""}')`, 'schedule.add', { type: 'schedule' }],
    [`ops.set_schedule('by sql', every => 70)`, 'schedule.edit', { type: 'schedule' }]
  ]
  for (const [text, action, target] of calls) {
    await operator.query(`select ${text}`)
    const line = (await linesOf(service)).at(-1)!
    t.match(
      line,
      { action, target, outcome: 'done', request_id: null, actor: { kind: 'sql', id: null, name: me } },
      text
    )
  }
  const mine = await linesOf(service, `&actor=${me}`)
  t.equal(mine.length, calls.length, 'and no other')
  t.ok(mine.find(({ target }) => target.id === null)!.detail.count >= 1)

  const functions = await service.db.pool.query<{ name: string; prosrc: string }>(
    `select proname as name, prosrc from pg_proc where pronamespace = 'ops'::regnamespace`
  )
  t.strictSame(
    functions.rows
      .filter(({ prosrc }) => !prosrc.includes('record_sql_act'))
      .map(({ name }) => name)
      .sort(),
    ['enqueue_task', 'why'],
    'a function of ops submits, reads, or records'
  )
})

t.test('an act of ops that is rolled back or refused has no line', async t => {
  const operator = await seat(t, service.url, 'darkroom_operator')
  const before = (await linesOf(service)).length
  const id = await waiting()

  await operator.query('begin')
  await operator.query('select ops.cancel_task($1)', [id])
  await operator.query('savepoint inner_one')
  await operator.query(`select ops.pause_queue('media')`)
  await operator.query('rollback to inner_one')
  await operator.query('rollback')
  await t.rejects(operator.query('select ops.retry_task($1)', [id]), { code: 'DR409' })
  t.equal((await linesOf(service)).length, before)

  await operator.query('begin')
  await operator.query('savepoint inner_one')
  await operator.query(`select ops.pause_queue('media')`)
  await operator.query('rollback to inner_one')
  await operator.query('select ops.cancel_task($1)', [id])
  t.equal((await linesOf(service)).length, before, 'nor one that has not committed')
  await operator.query('commit')
  t.match((await linesOf(service)).slice(before), [{ action: 'task.cancel', target: { id } }])
})

t.test('a statement that cancels many tasks is one line with their number', async t => {
  const operator = await seat(t, service.url, 'darkroom_operator')
  const tasks = Array.from({ length: 2_000 }, () => ({ task: 'add', args: { x: 1, y: 1 }, tags: ['many'], ...later }))
  const { ids } = (await service.post('/api/tasks/bulk', { tasks })).json()
  const before = (await linesOf(service)).length

  const { rowCount } = await operator.query(`select (ops.cancel_task(id)).id from ops.tasks where tags @> '{many}'`)

  t.equal(rowCount, ids.length)
  const lines = (await linesOf(service)).slice(before)
  t.match(lines, [{ action: 'task.cancel', target: { type: 'task', id: null }, detail: { count: ids.length } }])
  t.equal(lines.length, 1)
  t.equal(lines[0]!.detail.first.length, 10)
  t.strictSame((await service.db.pool.query('select from darkroom.acts')).rowCount, 0, 'and nothing is left over')
})
