import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { addWebhook, deliveries, hasten, local, openReceiver } from '../harness/receiver.ts'
import { openService } from '../harness/service.ts'

const service = await openService(t, { env: local, worker: true })

t.test('a message tells of the end of a task, and is verified by the library of its standard', async t => {
  const receiver = await openReceiver(t)
  const { id, secret } = await addWebhook(service, receiver.url)
  t.match(secret, /^whsec_[\w+/]{43}=$/)

  const task = await service.submit('add', { x: 1, y: 2 }, { tags: ['a'] })
  const [message] = await receiver.got(1)

  t.match(message!.headers, { 'content-type': 'application/json', 'user-agent': /^Darkroom/ })
  t.match(message!.headers['webhook-id'], /^msg_[\da-f-]{36}$/)
  t.match(message!.body, {
    type: 'task.completed',
    timestamp: /Z$/,
    data: {
      id: task,
      task: 'add',
      queue: 'default',
      state: 'SUCCESS',
      status: 'COMPLETED',
      error: null,
      tags: ['a'],
      video_id: null,
      url: `/api/tasks/${task}`,
      sequence: Number
    }
  })
  t.notOk('result' in message!.body.data, 'a result only where it was asked for')
  const verifier = new Webhook(secret)
  t.strictSame(verifier.verify(message!.text, message!.headers as Record<string, string>), message!.body)
  t.throws(() => verifier.verify(message!.text.replace('SUCCESS', 'FAILURE'), message!.headers as never))
  t.throws(() =>
    verifier.verify(message!.text, {
      ...(message!.headers as Record<string, string>),
      'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 360)
    })
  )

  const [delivery] = await deliveries(service, id, ([first]) => first?.status === 'delivered')
  t.match(delivery, { id: message!.headers['webhook-id'], task_id: task, next_at: null, attempts: [{ status: 204 }] })
  await service.delete(`/api/webhooks/${id}`)
})

t.test('failures are tried again under the same id, eight times in 27.6 hours', async t => {
  const receiver = await openReceiver(t, response => response.writeHead(500).end('no\0t now'))
  const { id } = await addWebhook(service, receiver.url)
  await service.submit('add', { x: 1, y: 2 })
  const steps = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]

  for (const [index, step] of steps.entries()) {
    await receiver.got(index + 1)
    const [{ next_at, attempts }] = await deliveries(service, id, ([first]) => first?.attempts.length === index + 1)
    t.match(attempts[0], { number: index + 1, status: 500, error: 'status 500', answer: 'not now' })
    const seconds = (Date.parse(next_at) - Date.parse(attempts[0].at)) / 1000
    t.ok(seconds > 0.79 * step && seconds < 1.2 * step + 60, `${seconds} s after attempt ${index + 1}`)
    await hasten(service)
  }

  const [last] = await deliveries(service, id, ([first]) => first?.attempts.length === 8)
  t.match(last, { status: 'failed', next_at: null, delivered_at: null })
  t.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1)
  t.match((await service.get('/api/webhooks')).json().items[0], { failures: 8, failing_since: String, enabled: true })

  receiver.answer = response => response.writeHead(200).end()
  const { replayed } = (await service.post(`/api/webhooks/${id}/replay`, { since: last.created_at })).json()
  t.equal(replayed, 1)
  await deliveries(service, id, ([first]) => first.status === 'delivered')
  t.equal(receiver.received.length, 9)
  t.equal(receiver.received.at(-1)!.headers['webhook-id'], last.id, 'a replay has the same id')
  await service.post(`/api/webhooks/${id}/test`)
  await receiver.got(10)
  await deliveries(service, id, items => items.every(({ status }) => status === 'delivered'))
  t.match((await service.get('/api/webhooks')).json().items[0], { failures: 0, failing_since: null })
  await service.delete(`/api/webhooks/${id}`)
})

t.test('a redirect is a failure and is not followed, whatever it leads to', async t => {
  const receiver = await openReceiver(t, response =>
    response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end()
  )
  const { id } = await addWebhook(service, receiver.url)

  await service.post(`/api/webhooks/${id}/test`)

  const [delivery] = await deliveries(service, id, ([first]) => first?.attempts.length === 1)
  t.match(delivery, { status: 'pending', attempts: [{ status: 302, error: /redirect/ }] })
  await service.delete(`/api/webhooks/${id}`)
})

t.test('410 disables, and the others are told', async t => {
  const leaving = await openReceiver(t, response => response.writeHead(410).end())
  const other = await openReceiver(t)
  const gone = await addWebhook(service, leaving.url, { description: 'old one' })
  const told = await addWebhook(service, other.url, { types: ['webhook.disabled'] })

  await service.post(`/api/webhooks/${gone.id}/test`)
  const [message] = await other.got(1)

  t.match(message!.body, { type: 'webhook.disabled', data: { id: gone.id, description: 'old one', reason: 'gone' } })
  const { items } = (await service.get('/api/webhooks')).json()
  t.match(
    items.find(({ id }: any) => id === gone.id),
    { enabled: false, disabled_reason: 'gone', disabled_at: String }
  )
  t.equal((await service.post(`/api/webhooks/${gone.id}/test`)).json().code, 'WEBHOOK_DISABLED')
  t.equal(leaving.received.length, 1)
  for (const { id } of [gone, told]) await service.delete(`/api/webhooks/${id}`)
})

t.test('five days of failures disable; what happens meanwhile is kept for a replay', async t => {
  const receiver = await openReceiver(t, response => response.writeHead(503).end())
  const { id } = await addWebhook(service, receiver.url)
  await service.db.pool.query(
    `update darkroom.webhooks set failures = 9, failing_since = now() - interval '5 days' where id = $1`,
    [id]
  )
  await service.post(`/api/webhooks/${id}/test`)
  await deliveries(service, id, ([first]) => first?.attempts.length === 1)
  t.match((await service.get('/api/webhooks')).json().items[0], { enabled: false, disabled_reason: 'failing' })

  const task = await service.submit('add', { x: 1, y: 2 })
  await service.finished(task)
  const [missed] = await deliveries(service, id)
  t.match(missed, { status: 'failed', task_id: task, attempts: [] })
  t.equal(receiver.received.length, 1)

  receiver.answer = response => response.writeHead(204).end()
  t.match((await service.patch(`/api/webhooks/${id}`, { enabled: true })).json(), { enabled: true, failures: 0 })
  const replay = (body: object) => service.post(`/api/webhooks/${id}/replay`, body)
  t.match((await replay({ message: missed.id })).json(), { replayed: 1, continue_since: null })
  await receiver.got(2)
  t.equal(receiver.received.at(-1)!.body.data.id, task)
  await service.delete(`/api/webhooks/${id}`)
})

t.test('after a rotation messages have two signatures for a while', async t => {
  const receiver = await openReceiver(t)
  const first = await addWebhook(service, receiver.url, { types: [] })
  const second = (await service.post(`/api/webhooks/${first.id}/rotate`, { overlap: 60 })).json()
  t.match(second, { secret: /^whsec_/, old_secret_until: String })
  t.not(second.secret, first.secret)

  await service.post(`/api/webhooks/${first.id}/test`)
  const [both] = await receiver.got(1)
  await service.db.pool.query(`update darkroom.webhooks set old_secret_until = now() where id = $1`, [first.id])
  await service.post(`/api/webhooks/${first.id}/test`)
  const [, one] = await receiver.got(2)

  const verify = (secret: string, { text, headers }: typeof both & object) =>
    new Webhook(secret).verify(text, headers as Record<string, string>)
  for (const { secret } of [first, second]) t.ok(verify(secret, both!))
  t.ok(verify(second.secret, one!))
  t.throws(() => verify(first.secret, one!))
  await service.delete(`/api/webhooks/${first.id}`)
})

t.test('a secret that cannot be decrypted is said, sends nothing, and is tried again', async t => {
  const receiver = await openReceiver(t)
  const [one, other] = [await addWebhook(service, receiver.url), await addWebhook(service, receiver.url)]
  const swap = `update darkroom.webhooks w set secret = o.secret from darkroom.webhooks o where w.id = $1 and o.id = $2`
  await service.db.pool.query(swap, [one.id, other.id])
  await service.post(`/api/webhooks/${one.id}/test`)

  const [delivery] = await deliveries(service, one.id, ([first]) => first?.attempts.length === 1)
  t.match(delivery, { status: 'pending', attempts: [{ status: null, error: /another master secret/ }] })
  t.equal(receiver.received.length, 0)
  for (const { id } of [one, other]) await service.delete(`/api/webhooks/${id}`)
})

t.test('Retry-After makes a retry later, not sooner', async t => {
  const receiver = await openReceiver(t, response => response.writeHead(429, { 'retry-after': '3600' }).end())
  const { id } = await addWebhook(service, receiver.url)
  await service.post(`/api/webhooks/${id}/test`)

  const [{ next_at }] = await deliveries(service, id, ([first]) => first?.attempts.length === 1)
  t.ok(Date.parse(next_at) - Date.now() > 3_500_000)
  await service.delete(`/api/webhooks/${id}`)
})
