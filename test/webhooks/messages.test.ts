import t from 'tap'
import { addWebhook, deliveries, local, openReceiver } from '../harness/receiver.ts'
import { seat } from '../harness/seat.ts'
import { openService } from '../harness/service.ts'

// The worker comes last: until then the messages of the outbox can be looked at.
const service = await openService(t, { env: local })
const { pool } = service.db
const { url } = await openReceiver(t)
const data = (items: any[]) => items.map(({ type, data }) => [type, data.id ?? data.queue])

t.test('a change that is rolled back sends nothing', async t => {
  const { id } = await addWebhook(service, url)
  const task = await service.submit('add', { x: 1, y: 2 })
  const operator = await seat(t, service.url, 'darkroom_operator')
  await operator.query('begin')
  await operator.query('select ops.cancel_task($1)', [task])
  await operator.query('rollback')
  t.strictSame(await deliveries(service, id), [])

  await operator.query('select ops.cancel_task($1)', [task])
  t.match(await deliveries(service, id), [
    { type: 'task.cancelled', status: 'pending', data: { id: task, state: 'REVOKED', error: { type: 'cancelled' } } }
  ])
  const { rows } = await operator.query('select type, status, task_id from ops.deliveries where webhook_id = $1', [id])
  t.match(rows, [{ type: 'task.cancelled', status: 'pending', task_id: task }])
  await service.delete(`/api/webhooks/${id}`)
})

t.test('filters choose by type, queue and kind; a task may name a webhook besides', async t => {
  const ofQueue = await addWebhook(service, url, { queues: ['high_priority'] })
  const ofKind = await addWebhook(service, url, { tasks: ['sleep'] })
  const ofType = await addWebhook(service, url, { types: ['task.failed'] })
  const named = await addWebhook(service, url, { types: [] })
  const operator = await seat(t, service.url, 'darkroom_operator')

  const plain = await service.submit('add', { x: 1, y: 2 })
  const other = await service.submit('add', { x: 1, y: 2 }, { queue: 'high_priority' })
  const sleep = await service.submit('sleep', { seconds: 0 }, { webhook: named.id })
  const { rows } = await operator.query(`select (ops.enqueue_task('add', '{"x": 1, "y": 2}', webhook => $1)).id`, [
    named.id
  ])
  await t.rejects(operator.query(`select ops.enqueue_task('add', '{"x": 1, "y": 2}', webhook => gen_random_uuid())`), {
    code: 'DR400'
  })
  await service.submit('expire_keys')
  for (const task of [plain, other, sleep, rows[0].id]) await service.post(`/api/tasks/${task}/cancel`)

  const told = async ({ id }: { id: string }) => data(await deliveries(service, id))
  t.strictSame(await told(ofQueue), [['task.cancelled', other]])
  t.strictSame(await told(ofKind), [['task.cancelled', sleep]])
  t.strictSame(await told(ofType), [])
  t.strictSame((await told(named)).toReversed(), [
    ['task.cancelled', sleep],
    ['task.cancelled', rows[0].id]
  ])
  for (const { id } of [ofQueue, ofKind, ofType, named]) await service.delete(`/api/webhooks/${id}`)
})

t.test('a purge tells of each task that it revokes', async t => {
  const { id } = await addWebhook(service, url)
  const tasks = Array.from({ length: 30 }, () => ({ task: 'add', args: { x: 1, y: 2 }, queue: 'low_priority' }))
  const { ids } = (await service.post('/api/tasks/bulk', { tasks })).json()
  await service.post('/api/queues/low_priority/purge')

  const items = await deliveries(service, id)
  t.strictSame(
    items
      .map(({ task_id }: any) => task_id)
      .filter((task: string) => ids.includes(task))
      .toSorted(),
    ids.toSorted()
  )
  t.equal(new Set(items.map(({ sequence }: any) => sequence)).size, items.length)
  await service.delete(`/api/webhooks/${id}`)
})

t.test('a pause is told once, by HTTP and by SQL', async t => {
  const { id } = await addWebhook(service, url, { types: ['queue.paused'], queues: ['media', 'low_priority'] })
  const operator = await seat(t, service.url, 'darkroom_operator')
  await service.post('/api/queues/media/pause', { reason: 'disk' })
  await service.post('/api/queues/media/pause', { reason: 'full' })
  await service.post('/api/queues/default/pause')
  await operator.query(`select ops.pause_queue('low_priority')`)

  t.match((await deliveries(service, id)).toReversed(), [
    { data: { queue: 'media', reason: 'disk', paused_by: '127.0.0.1' } },
    { data: { queue: 'low_priority' } }
  ])
  for (const queue of ['media', 'default', 'low_priority']) await service.post(`/api/queues/${queue}/resume`)
  await service.delete(`/api/webhooks/${id}`)
})

t.test('with a worker', async t => {
  await service.startWorker()

  await t.test('a film that is none fails, and its deletion is told', async t => {
    const receiver = await openReceiver(t)
    const { id } = await addWebhook(service, receiver.url, {
      types: ['video.ready', 'video.failed', 'video.deleted', 'task.failed'],
      ordered: true
    })
    const film = await service.keep('no film at all', 'a "b".mp4')
    await receiver.got(2)
    await service.delete(`/api/videos/${film.id}`)
    await receiver.got(3)

    t.match(
      receiver.received.map(({ body }) => body),
      [
        { type: 'task.failed', data: { id: film.task_id, video_id: film.id } },
        {
          type: 'video.failed',
          data: { id: film.id, video: 'a "b".mp4', url: `/api/videos/${film.id}`, status: 'failed' }
        },
        { type: 'video.deleted', data: { id: film.id, task_id: film.task_id, status: 'deleted' } }
      ]
    )
    await service.delete(`/api/webhooks/${id}`)
  })

  await t.test('a result is told where it is asked for, and a large one is left out', async t => {
    const receiver = await openReceiver(t)
    const { id } = await addWebhook(service, receiver.url, { include: ['result'] })
    await service.submit('add', { x: 1, y: 2 })
    await receiver.got(1)
    await service.submit('process_data', { data: 'x'.repeat(20_000) })
    const [small, large] = await receiver.got(2)

    t.match(small!.body.data, { result: 3 })
    t.match(large!.body.data, { result: null, result_omitted: String })
    t.ok(large!.text.length < 20 * 1024)
    const { rows } = await pool.query(`select from darkroom.webhook_messages where data ? 'result'`)
    t.equal(rows.length, 0, 'the outbox keeps none: results expire')
    await service.delete(`/api/webhooks/${id}`)
  })

  await t.test('old messages and those of deleted webhooks are removed', async t => {
    const { id } = await addWebhook(service, url)
    await service.post(`/api/webhooks/${id}/test`)
    await deliveries(service, id, ([first]) => first?.status === 'delivered')
    const old = '018f0000-0000-7000-8000-000000000000'
    await pool.query(`insert into darkroom.webhook_messages (id, webhook_id, type, data) values ($1, $2, 'x', '{}')`, [
      old,
      id
    ])
    await pool.query(`update darkroom.webhook_messages set next_at = null where id = $1`, [old])

    const { result } = await service.finished(await service.submit('expire_deliveries'))

    t.ok((result as { messages: number }).messages > 0)
    const { rows } = await pool.query('select id, webhook_id from darkroom.webhook_messages')
    t.match(rows, [{ webhook_id: id }])
    t.equal(rows.length, 1)
    const { rows: attempts } = await pool.query('select message_id from darkroom.webhook_attempts')
    t.strictSame(attempts, [{ message_id: rows[0].id }])
  })
})
