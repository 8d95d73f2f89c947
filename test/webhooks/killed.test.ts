import pg from 'pg'
import t from 'tap'
import { addWebhook, deliveries, local, openReceiver } from '../harness/receiver.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'
import { spawnWorker } from '../harness/worker-process.ts'

const service = await openService(t, { env: local, needsWorker: true })
const ask = async (text: string, values: unknown[] = []) => (await service.db.pool.query(text, values)).rows

/** Ends tasks, which takes no worker. */
async function end(count: number) {
  const tasks = Array.from({ length: count }, () => ({ task: 'sleep', args: { seconds: 0 }, countdown: 600 }))
  const { ids } = (await service.post('/api/tasks/bulk', { tasks })).json()
  for (const id of ids) await service.post(`/api/tasks/${id}/cancel`)
  return ids as string[]
}

/** What a killed worker held is due now, instead of after its lease. */
async function endLeases() {
  await ask('update darkroom.webhook_messages set leased_until = now() where lease is not null')
}

// The second of the first test is the first of the second.
const start = () => spawnWorker(t, service)
let worker = await start()

t.test('killed between the commit and the request: each message is delivered by another worker', async t => {
  let hangs = false
  const receiver = await openReceiver(t, response => {
    if (!hangs) response.writeHead(204).end()
  })
  const { id } = await addWebhook(service, receiver.url)
  // After these it is fast: the worker claims many of its messages at once, and holds those that it does not send yet.
  const first = await end(20)
  await receiver.got(20)
  hangs = true
  const others = await end(60)
  const lost = await until(async () => {
    const held = await ask(
      'select id from darkroom.webhook_messages where webhook_id = $1 and next_at is not null and lease is not null',
      [id]
    )
    // At most 16 are sent at a time.
    return held.length > 16 ? held : undefined
  }, 'the worker holds messages that it has not sent')

  worker.kill('SIGKILL')
  await worker.exited
  const sent = new Set(receiver.received.map(({ headers }) => headers['webhook-id']))
  t.ok(lost.filter(({ id }) => !sent.has(`msg_${id}`)).length > 0, 'some were claimed and never sent')

  hangs = false
  await endLeases()
  worker = await start()
  const isOver = (items: any[]) => items.length === 50 && items.every(({ status }) => status === 'delivered')
  await deliveries(service, id, isOver)
  await until(async () => {
    const [{ left }] = await ask(
      'select count(*)::int as left from darkroom.webhook_messages where webhook_id = $1 and delivered_at is null',
      [id]
    )
    return left === 0
  }, 'all 80 are delivered')
  const byId = Map.groupBy(receiver.received, ({ headers }) => headers['webhook-id'])
  t.equal(byId.size, 80, 'each message has one id, in all of its attempts')
  t.strictSame(new Set([...byId.values()].map(([one]) => one!.body.data.id)), new Set([...first, ...others]))
  await service.delete(`/api/webhooks/${id}`)
})

t.test('killed between the 2xx and its note: delivered twice, with the same webhook-id', async t => {
  const receiver = await openReceiver(t)
  const { id } = await addWebhook(service, receiver.url, { types: [] })
  const row = new pg.Client({ connectionString: service.db.url })
  await row.connect()
  t.teardown(() => row.end())
  receiver.answer = async (response, { headers }) => {
    receiver.answer = response => response.writeHead(204).end()
    // The note has to wait for this transaction.
    await row.query('begin')
    await row.query('select from darkroom.webhook_messages where id = $1 for update', [
      String(headers['webhook-id']).slice('msg_'.length)
    ])
    response.writeHead(204).end()
  }

  await service.post(`/api/webhooks/${id}/test`)
  const blocked = await until(async () => {
    const [found] = await ask(
      `select pid from pg_stat_activity
      where datname = current_database() and application_name = 'darkroom worker couriers' and wait_event_type = 'Lock'`
    )
    return found
  }, 'the worker waits to note the answer')
  worker.kill('SIGKILL')
  await worker.exited
  // Postgres finds out that a client is dead when it writes to it: that may be after its statement.
  await row.query('select pg_terminate_backend($1, 10000)', [blocked.pid])
  await row.query('rollback')
  t.match((await deliveries(service, id))[0], { status: 'pending', attempts: [] }, 'it is not noted')

  await endLeases()
  await start()
  const [delivery] = await deliveries(service, id, ([first]) => first?.status === 'delivered')
  t.equal(receiver.received.length, 2)
  const [once, again] = receiver.received
  t.equal(once!.headers['webhook-id'], delivery.id)
  t.equal(again!.headers['webhook-id'], delivery.id)
  t.strictSame(again!.body, once!.body)
  await service.delete(`/api/webhooks/${id}`)
})
