import t from 'tap'
import { addWebhook, deliveries, hasten, local, openReceiver } from '../harness/receiver.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

const service = await openService(t, { env: local, worker: true })

/** Ends a task, which takes no worker. */
async function end(id: string) {
  await service.post(`/api/tasks/${id}/cancel`)
}

t.test('ordered: of one task the next waits for the one before, others do not', async t => {
  let fails = true
  const receiver = await openReceiver(t, (response, { body }) =>
    response.writeHead(fails && body.data.id === stuck ? 500 : 204).end()
  )
  const { id } = await addWebhook(service, receiver.url, { ordered: true })
  const stuck = await service.submit('sleep', { seconds: 0 }, { countdown: 600 })
  const free = await service.submit('sleep', { seconds: 0 }, { countdown: 600 })
  await end(stuck)
  await deliveries(service, id, ([first]) => first?.attempts.length === 1)
  await service.post(`/api/tasks/${stuck}/retry`)
  await service.finished(stuck)
  await end(free)

  await until(() => receiver.received.some(({ body }) => body.data.id === free), 'the other one is told')
  const items = await deliveries(service, id, items => items.length === 3)
  t.match(
    items.filter(({ task_id }: any) => task_id === stuck),
    [
      { type: 'task.completed', status: 'pending', attempts: [] },
      { type: 'task.cancelled', status: 'pending', attempts: [{ status: 500 }] }
    ]
  )

  fails = false
  await hasten(service)
  await deliveries(service, id, items => items.every(({ status }) => status === 'delivered'))
  const told = receiver.received.filter(({ body }) => body.data.id === stuck)
  t.strictSame(
    told.map(({ body }) => body.type),
    ['task.cancelled', 'task.cancelled', 'task.completed']
  )
  t.ok(told.at(-1)!.body.data.sequence > told[0]!.body.data.sequence)
  await service.delete(`/api/webhooks/${id}`)
})

t.test('several workers send each message once', async t => {
  await service.startWorker()
  await service.startWorker()
  const receiver = await openReceiver(t)
  const { id } = await addWebhook(service, receiver.url)
  const tasks = Array.from({ length: 300 }, () => ({
    task: 'sleep',
    args: { seconds: 0 },
    queue: 'low_priority',
    countdown: 600
  }))
  await service.post('/api/tasks/bulk', { tasks })
  await service.post('/api/queues/low_priority/purge')

  await receiver.got(300)
  await until(async () => {
    const { rows } = await service.db.pool.query(
      'select count(*)::int as count from darkroom.webhook_messages where webhook_id = $1 and delivered_at is not null',
      [id]
    )
    return rows[0].count === 300
  }, 'all are delivered')
  t.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 300)
  t.equal(receiver.received.length, 300)
})
