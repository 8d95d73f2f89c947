import t from 'tap'
import { addWebhook, local, openReceiver } from '../harness/receiver.ts'
import { seat } from '../harness/seat.ts'
import { openService } from '../harness/service.ts'
import { walk } from '../harness/walk.ts'

const service = await openService(t, { env: local })

const bad: [string, Record<string, unknown>, string][] = [
  ['a private address', { url: 'https://10.0.0.1/' }, 'url'],
  ['the metadata address', { url: 'https://169.254.169.254/' }, 'url'],
  ['no URL', { url: 'hook' }, 'url'],
  ['an endless URL', { url: `https://example.com/${'a'.repeat(3_000)}` }, 'url'],
  ['an unknown type', { url: 'https://example.com', types: ['task.started'] }, 'types[0]'],
  ['a type twice', { url: 'https://example.com', types: ['task.failed', 'task.failed'] }, 'types'],
  ['no queue', { url: 'https://example.com', queues: [] }, 'queues'],
  ['too many kinds', { url: 'https://example.com', tasks: Array.from({ length: 101 }, (_, n) => `k${n}`) }, 'tasks'],
  ['an unknown field to include', { url: 'https://example.com', include: ['args'] }, 'include[0]'],
  ['a field of another', { url: 'https://example.com', secret: 'x' }, 'secret'],
  ['a long description', { url: 'https://example.com', description: 'x'.repeat(501) }, 'description']
]
for (const [what, body, field] of bad) {
  t.test(`a webhook with ${what} is refused`, async t => {
    const response = await service.post('/api/webhooks', body)

    t.equal(response.statusCode, 400, response.body)
    t.match(response.json(), { code: 'INVALID_REQUEST', errors: [{ field }] })
  })
}

t.test('the secret is shown once, and no answer, view or role shows it again', async t => {
  const { url } = await openReceiver(t)
  const { id, secret, ...shown } = await addWebhook(service, url, { description: 'mine', queues: ['media'] })

  t.match(shown, {
    url,
    types: ['task.completed', 'task.failed', 'task.cancelled', 'video.ready', 'video.failed'],
    queues: ['media'],
    tasks: null,
    include: [],
    ordered: false,
    description: 'mine',
    enabled: true
  })
  const listed = await service.get('/api/webhooks')
  t.match(listed.json(), { items: [{ id, ...shown }], next_cursor: null })
  const alone = await service.get(`/api/webhooks/${id}`)
  t.strictSame(alone.json(), { id, ...shown })
  const changed = await service.patch(`/api/webhooks/${id}`, { queues: null, ordered: true })
  t.match(changed.json(), { id, queues: null, ordered: true, description: 'mine' })
  for (const { body } of [listed, alone, changed]) t.notMatch(body, secret.slice(6))

  const operator = await seat(t, service.url, 'darkroom_operator')
  const { rows } = await operator.query('select * from ops.webhooks')
  t.match(rows, [{ id, url, ordered: true }])
  t.notOk('secret' in rows[0] || 'old_secret' in rows[0])
  await t.rejects(operator.query('select secret from darkroom.webhooks'), { code: '42501' })
  const { rows: kept } = await service.db.pool.query('select secret from darkroom.webhooks where id = $1', [id])
  t.equal(kept[0].secret.indexOf(Buffer.from(secret.slice(6), 'base64').subarray(0, 8)), -1, 'it is encrypted at rest')

  t.equal((await service.delete(`/api/webhooks/${id}`)).statusCode, 204)
  t.equal((await service.delete(`/api/webhooks/${id}`)).json().code, 'WEBHOOK_NOT_FOUND')
})

t.test('the same Idempotency-Key makes one webhook', async t => {
  const { url } = await openReceiver(t)
  const add = () => service.post('/api/webhooks', { url }, { 'idempotency-key': 'hook-1' })
  const [first, again] = [await add(), await add()]

  t.match(first.json().secret, /^whsec_/)
  t.strictSame(again.json(), first.json(), 'the same answer, from what is kept sealed')
  t.match(again.headers, { 'idempotency-replayed': 'true' })
  t.equal((await service.get('/api/webhooks')).json().items.length, 1)
  await service.delete(`/api/webhooks/${first.json().id}`)
})

t.test('an unknown webhook is 404 everywhere, and 400 in a submission', async t => {
  for (const id of ['nothing', '01980000-0000-7000-8000-000000000000', '%00']) {
    const at = `/api/webhooks/${id}`
    const answers = [
      await service.get(at),
      await service.get(`${at}/deliveries`),
      await service.patch(at, { ordered: true }),
      await service.delete(at),
      await service.post(`${at}/test`),
      await service.post(`${at}/rotate`),
      await service.post(`${at}/replay`, { since: '2026-01-01T00:00:00Z' })
    ]
    for (const answer of answers) t.equal(answer.statusCode, 404, answer.body)
    const submitted = await service.post('/api/tasks', { task: 'add', args: { x: 1, y: 2 }, webhook: id })
    t.match(submitted.json(), { status: 400, errors: [{ field: 'webhook' }] })
  }
  const bulk = [
    { task: 'add', args: { x: 1, y: 2 } },
    { task: 'add', args: { x: 1, y: 2 }, webhook: 'x' }
  ]
  t.match((await service.post('/api/tasks/bulk', { tasks: bulk })).json().errors, [{ field: 'tasks[1].webhook' }])
})

t.test('a replay needs a time or a message', async t => {
  const { url } = await openReceiver(t)
  const { id } = await addWebhook(service, url)
  const replay = async (body: object) => (await service.post(`/api/webhooks/${id}/replay`, body)).statusCode

  t.equal(await replay({}), 400)
  t.equal(await replay({ since: '2026-01-01T00:00:00Z', message: 'msg_x' }), 400)
  t.equal(await replay({ since: 'yesterday' }), 400)
  t.equal(await replay({ since: '2026-01-01T00:00:00Z', only: 'some' }), 400)
  t.equal(await replay({ message: 'msg_x' }), 202)
  await service.patch(`/api/webhooks/${id}`, { enabled: false })
  t.equal(await replay({ message: 'msg_x' }), 409)
  t.match((await service.get('/api/webhooks')).json().items[0], { enabled: false, disabled_reason: 'request' })
  await service.delete(`/api/webhooks/${id}`)
})

t.test('without WEBHOOK_ALLOW_NETWORKS nothing local is accepted', async t => {
  const closed = await openService(t)
  for (const url of ['http://127.0.0.1:9/', 'https://localhost/', 'http://example.com/']) {
    const response = await closed.post('/api/webhooks', { url })
    t.match(response.json(), { code: 'INVALID_REQUEST', errors: [{ field: 'url' }] }, url)
  }
})

t.test('a page of deliveries ends where their answers are large, and its cursors lead on and back', async t => {
  const { url } = await openReceiver(t)
  const { id } = await addWebhook(service, url)
  await service.db.pool.query(
    `with message as (
      insert into darkroom.webhook_messages (id, webhook_id, type, data, created_at, next_at, delivered_at)
      select gen_random_uuid(), $1, 'webhook.test', '{}', now() - n * interval '1 second', null, now()
      from generate_series(1, 100) n
      returning id
    )
    insert into darkroom.webhook_attempts (message_id, number, at, ms, status, answer)
    select message.id, n, now(), 1, 200, repeat(chr(1), 1024) from message, generate_series(1, 20) n`,
    [id]
  )

  await walk(t, service, `/api/webhooks/${id}/deliveries?status=delivered`, 100)
})
