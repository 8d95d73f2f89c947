import t from 'tap'
import { form } from '../harness/form.ts'
import { openService, type Service } from '../harness/service.ts'

function send({ api }: Service, key: string, content: string, url = '/api/videos') {
  const { payload, headers } = form([{ filename: 'film.mp4', content }])
  return api.app.inject({ method: 'POST', url, payload, headers: { ...headers, 'idempotency-key': key } })
}

t.test('a repeated upload under one key is one film, with the same answer', async t => {
  const service = await openService(t)

  const first = await send(service, 'one', 'the same bytes')
  const second = await send(service, 'one', 'the same bytes')

  t.equal(first.statusCode, 201)
  t.equal(second.statusCode, 201)
  t.strictSame(second.json(), first.json())
  t.equal(second.headers.location, first.headers.location)
  t.equal(first.headers['idempotency-replayed'], undefined)
  t.equal(second.headers['idempotency-replayed'], 'true')
  t.strictSame(await service.files(), [`videos/${first.json().id}/original`])
  t.equal((await service.get('/api/tasks')).json().items.length, 1)
})

t.test('simultaneous uploads under one key are one film', async t => {
  const service = await openService(t)

  const answers = await Promise.all(Array.from({ length: 8 }, () => send(service, 'one', 'the same bytes')))

  t.strictSame(new Set(answers.map(({ statusCode }) => statusCode)), new Set([201]))
  const [id, ...others] = new Set(answers.map(answer => answer.json().id))
  t.strictSame(others, [])
  t.strictSame(await service.files(), [`videos/${id}/original`])
})

t.test('other bytes, another route or an invalid key are refused, and leave no file', async t => {
  const service = await openService(t)
  const { id } = (await send(service, 'one', 'the first bytes')).json()

  const otherBytes = await send(service, 'one', 'other bytes')
  const otherDoor = await send(service, 'one', 'the first bytes', '/upload/')
  const badKey = await send(service, 'a key', 'the first bytes')

  t.match(otherBytes.json(), { status: 409, code: 'IDEMPOTENCY_KEY_REUSED' })
  t.match(otherDoor.json(), { status: 409, code: 'IDEMPOTENCY_KEY_REUSED' })
  t.match(badKey.json(), { status: 400, code: 'INVALID_REQUEST' })
  t.strictSame(await service.files(), [`videos/${id}/original`])
})

t.test('making the prints again under one key is one task', async t => {
  const service = await openService(t)
  const { id, task_id } = (await send(service, 'one', 'bytes')).json()
  await service.post(`/api/tasks/${task_id}/cancel`)

  const again = () => service.post(`/api/videos/${id}/process`, undefined, { 'idempotency-key': 'two' })
  const first = (await again()).json()
  await service.post(`/api/tasks/${first.task_id}/cancel`)

  t.strictSame((await again()).json(), first)
  t.not(first.task_id, task_id)
})
