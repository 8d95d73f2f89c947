import t from 'tap'
import { openService, type Service } from '../harness/service.ts'

const service = await openService(t, { worker: true })
const { pool } = service.db
// Nothing of these queues runs before a test says so.
for (const queue of ['low_priority', 'media']) await service.post(`/api/queues/${queue}/pause`)

const url = '/api/bulk-operations'
const args = { x: 1, y: 2 }

/** Tasks of a tag of their own, which is their filter. */
async function submit(tag: string, count: number, more: object = {}) {
  const task = { task: 'add', args, tags: [tag], queue: 'low_priority', ...more }
  const answer = await service.post('/api/tasks/bulk', { tasks: Array.from({ length: count }, () => task) })
  return answer.json().ids as string[]
}

async function start(body: object) {
  const answer = await service.post(url, body)
  return answer.json() as { id: string; task_id: string }
}

async function ended({ id, task_id }: { id: string; task_id: string }, of: Service = service) {
  await of.finished(task_id)
  return (await of.get(`${url}/${id}`)).json()
}

const run = async (body: object) => ended(await start(body))
const undo = async (id: string) => ended((await service.post(`${url}/${id}/undo`)).json())
const read = async (id: string) => (await service.get(`/api/tasks/${id}`)).json()
const statusesOf = async (tag: string) => {
  // Not by the API, whose counts may be a moment old.
  const { rows } = await pool.query(
    'select status, count(*)::int as count from ops.tasks where $1 = any(tags) group by status',
    [tag]
  )
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
}

t.test('a dry run says what would be done, and its preview keeps later tasks out', async t => {
  const [first] = await submit('dry', 3)
  await service.post(`/api/tasks/${first}/cancel`)
  const filter = { tag: 'dry' }
  const { preview, ...dry } = (await service.post(url, { action: 'cancel', filter, dry_run: true })).json()
  const [later] = await submit('dry', 1)
  const done = await run({ action: 'cancel', filter, preview })

  t.match(dry, {
    count: 2,
    exact: true,
    by: [{ status: 'PENDING', task: 'add', queue: 'low_priority', count: 2 }],
    skipped: [{ status: 'CANCELLED', count: 1 }]
  })
  t.equal(dry.samples.length, 2)
  t.match(done, {
    action: 'cancel',
    status: 'completed',
    progress: 1,
    expected: 2,
    done: 2,
    skipped: [],
    can_undo: true
  })
  t.match(await read(later!), { status: 'PENDING' })
  t.strictSame(await statusesOf('dry'), { CANCELLED: 3, PENDING: 1 })
  const { rows } = await pool.query('select status, done::int, task_id from ops.bulk_operations where id = $1', [
    done.id
  ])
  t.strictSame(rows, [{ status: 'completed', done: 2, task_id: done.task_id }])
  t.equal((await service.get(url)).json().items[0].id, done.id)
  const mine = (await service.get('/api/tasks?task=bulk_operation')).json().items
  t.equal(mine[0].id, done.task_id, 'its task is internal, and found by name')
})

t.test('an undo brings back what has not moved on, and says what has', async t => {
  const eta = new Date(Date.now() + 3_600_000).toISOString()
  await submit('back', 1, { eta })
  const ids = await submit('back', 2)
  const cancelled = await run({ action: 'cancel', filter: { tag: 'back' } })
  await service.post(`/api/tasks/${ids[0]}/retry`)
  const back = await undo(cancelled.id)

  t.match(cancelled, { done: 3 })
  t.match(back, { action: 'undo', undo_of: cancelled.id, done: 2, skipped: [{ reason: 'moved_on', count: 1 }] })
  t.strictSame(await statusesOf('back'), { SCHEDULED: 1, PENDING: 2 })
  t.equal((await service.get('/api/tasks?tag=back&status=SCHEDULED')).json().items[0].eta, eta)
  t.match((await service.get(`${url}/${cancelled.id}`)).json(), { undone_by: back.id, can_undo: false })
  for (const [id, sentence] of [
    [cancelled.id, /done already/],
    [back.id, /an undo itself/]
  ]) {
    const answer = await service.post(`${url}/${id}/undo`)
    t.match([answer.statusCode, answer.json()], [409, { code: 'BULK_NOT_UNDOABLE', detail: sentence }])
  }
})

t.test('what was retried is as it had ended, unless an attempt has begun', async t => {
  const ids: string[] = []
  for (const end of [1, 2, 3]) {
    const video_id = `01980000-0000-7000-8000-00000000000${end}`
    ids.push(...(await submit('retried', 1, { task: 'process_video', args: { video_id }, queue: 'default' })))
  }
  for (const id of ids) t.match(await service.finished(id), { state: 'FAILURE' })
  const before = await Promise.all(ids.map(read))
  await service.post('/api/queues/default/pause')
  const retried = await run({ action: 'retry', filter: { tag: 'retried', status: 'FAILED' } })
  t.strictSame(await statusesOf('retried'), { PENDING: 3 })
  await service.patch(`/api/tasks/${ids[0]}`, { queue: 'high_priority' })
  await service.finished(ids[0]!)
  const back = await undo(retried.id)

  t.match(retried, { done: 3, skipped: [] })
  t.match(back, { done: 2, skipped: [{ reason: 'moved_on', count: 1 }] })
  for (const at of [1, 2]) t.strictSame(await read(ids[at]!), before[at], 'nothing of it has changed')
  await service.post('/api/queues/default/resume')
  await service.post(`/api/tasks/${ids[1]}/retry`)
  t.match(await service.finished(ids[1]!), { state: 'FAILURE', attempts: 2 }, 'and it can be retried')
})

t.test('tasks are moved and moved back, spread, and forgotten', async t => {
  const ids = await submit('move', 2)
  const moved = await run({ action: 'move', queue: 'media', filter: { tag: 'move' } })
  t.equal((await read(ids[0]!)).queue, 'media')
  await undo(moved.id)
  t.equal((await read(ids[0]!)).queue, 'low_priority')

  const many = await submit('spread', 10)
  await run({ action: 'cancel', filter: { tag: 'spread' } })
  const spread = await run({ action: 'retry', over: 1_000, filter: { tag: 'spread' } })
  const etas = (await Promise.all(many.map(read))).map(({ eta }) =>
    eta ? Date.parse(eta) : Date.parse(spread.started_at)
  )
  t.match(spread, { over: 1_000, done: 10 })
  for (const [at, eta] of etas.slice(1).entries()) t.equal(Math.round((eta - etas[at]!) / 1_000), 100, 'a tenth apart')

  // More than a batch: the second one goes on where the first one ended.
  await submit('wide', 2_500)
  await run({ action: 'cancel', filter: { tag: 'wide' } })
  const wide = await run({ action: 'retry', over: 250_000, filter: { tag: 'wide' } })
  t.match(wide, { done: 2_500, skipped: [] })
  const { rows } = await pool.query(
    `select count(*)::int as count, min(gap)::int as least, max(gap)::int as most
     from (select round(extract(epoch from eta - lag(eta) over (order by eta))) as gap
       from darkroom.tasks where tags = '{wide}') gaps`
  )
  t.strictSame(rows, [{ count: 2_500, least: 100, most: 100 }], 'evenly, over all batches')
  t.match(await statusesOf('wide'), { SCHEDULED: 2_499 })
  t.match(await undo(wide.id), { done: 2_500, skipped: [] })
  t.strictSame(await statusesOf('wide'), { CANCELLED: 2_500 })

  await run({ action: 'cancel', filter: { tag: 'spread' } })
  const forgotten = await run({ action: 'forget', filter: { tag: 'spread' } })
  t.match(forgotten, { done: 10, can_undo: false })
  t.equal((await service.get(`/api/tasks/${many[0]}`)).statusCode, 404)
  t.match((await service.post(`${url}/${forgotten.id}/undo`)).json(), { detail: /its tasks are gone/ })
})

t.test('a running task is stopped, and its undo leaves it stopped', async t => {
  const [id] = await submit('runs', 1, { task: 'sleep', args: { seconds: 60 }, queue: 'default' })
  await service.until(id!, ({ state }) => state === 'STARTED')
  const { id: operation } = await run({ action: 'cancel', filter: { tag: 'runs' } })
  t.match(await service.finished(id!), { state: 'REVOKED' })
  t.match(await undo(operation), { done: 0, skipped: [{ reason: 'was_running', count: 1 }] })
})

t.test('an abort stops it behind a batch; more tasks than a batch; killed in the middle', async t => {
  await submit('many', 2_500)
  await service.post('/api/queues/high_priority/pause')
  const waiting = await start({ action: 'cancel', filter: { tag: 'many' } })
  t.match((await service.get(`${url}/${waiting.id}`)).json(), { status: 'waiting', progress: 0, expected: 2_500 })
  t.equal((await service.post(`${url}/${waiting.id}/abort`)).statusCode, 202)
  await service.post('/api/queues/high_priority/resume')
  t.match(await ended(waiting), { status: 'aborted', done: 0 })
  t.match((await service.post(`${url}/${waiting.id}/abort`)).json(), { code: 'BULK_FINISHED' })

  // Its first attempt breaks in the second batch: the next one goes on from there.
  await pool.query(`create function break_it() returns trigger language plpgsql as $$ begin
    if old.done > 0 and new.done > old.done and not exists (select from darkroom.tasks where id = new.task_id and attempts > 1)
    then raise 'broken'; end if; return new; end $$;
    create trigger break_it before update on darkroom.bulk_operations for each row execute function break_it()`)
  const all = await run({ action: 'cancel', filter: { tag: 'many' } })
  t.match(all, { status: 'completed', expected: 2_500, done: 2_500, skipped: [] })
  t.match(await read(all.task_id), { attempts: 2, state: 'SUCCESS', result: { done: 2_500 } })
  t.strictSame(await statusesOf('many'), { CANCELLED: 2_500 })
})

t.test('what cannot be done is refused, and nothing is done', async t => {
  const filter = { tag: 'none' }
  const { preview } = (await service.post(url, { action: 'cancel', filter, dry_run: true })).json()
  const cases: [body: object, status: number, match: object][] = [
    [{ action: 'cancel', filter: {} }, 400, { errors: [{ field: 'filter', message: /matches every task/ }] }],
    [{ action: 'move', filter }, 400, { errors: [{ field: 'queue' }] }],
    [{ action: 'move', filter, queue: 'nowhere' }, 400, { code: 'UNKNOWN_QUEUE', errors: [{ field: 'queue' }] }],
    [{ action: 'cancel', filter, over: 5 }, 400, { errors: [{ field: 'over' }] }],
    [{ action: 'explode', filter }, 400, { errors: [{ field: 'action' }] }],
    [{ action: 'cancel', filter: { state: 'SLEEPY' } }, 400, { errors: [{ field: 'filter.state' }] }],
    [{ action: 'cancel', filter: { colour: 'red' } }, 400, { code: 'INVALID_REQUEST' }],
    [{ action: 'retry', filter, preview }, 409, { code: 'PREVIEW_REFUSED' }],
    [{ action: 'cancel', filter, preview: 'garbage' }, 409, { code: 'PREVIEW_REFUSED' }]
  ]
  for (const [body, status, match] of cases) {
    const answer = await service.post(url, body)
    t.equal(answer.statusCode, status, JSON.stringify(body))
    t.match(answer.json(), match)
  }
  await submit('none', 30)
  const thirty = (await service.post(url, { action: 'cancel', filter, dry_run: true })).json()
  for (const { id } of thirty.samples) await service.post(`/api/tasks/${id}/cancel`)
  for (const { id } of (await service.get('/api/tasks?tag=none&limit=5&status=PENDING')).json().items) {
    await service.post(`/api/tasks/${id}/cancel`)
  }
  const shrunk = await service.post(url, { action: 'cancel', filter, preview: thirty.preview })
  t.match([shrunk.statusCode, shrunk.json()], [409, { detail: /^20 tasks match now, and 30 matched at the preview/ }])
  for (const path of ['x', '01980000-0000-7000-8000-000000000000']) {
    t.equal((await service.get(`${url}/${path}`)).statusCode, 404)
    t.equal((await service.post(`${url}/${path}/abort`)).statusCode, 404)
    t.equal((await service.post(`${url}/${path}/undo`)).statusCode, 404)
  }
  t.strictSame(await statusesOf('none'), { PENDING: 20, CANCELLED: 10 })

  const headers = { 'idempotency-key': 'bulk-1' }
  const [one, again] = [
    await service.post(url, { action: 'cancel', filter }, headers),
    await service.post(url, { action: 'cancel', filter }, headers)
  ]
  t.strictSame(again.json(), one.json(), 'the same key is the same operation')
})
