import t from 'tap'
import { productionLimits as limits } from '../../../src/http/doors/limits/limits.ts'
import { openLine } from '../../harness/line.ts'
import { openService } from '../../harness/service.ts'
import { until } from '../../harness/until.ts'

const get = (url: string, more = '') => `GET ${url} HTTP/1.1\r\nhost: localhost\r\n${more}\r\n`
const upgrade =
  'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'

const asEvents = 'accept: text/event-stream\r\n'

/** `count` connections of an address. */
function crowd(t: Parameters<typeof openLine>[0], address: string, count: number, from: string) {
  return Promise.all(Array.from({ length: count }, () => openLine(t, address, from)))
}

t.test('each client has limits on what it may have open, of each kind', async t => {
  const service = await openService(t, { limits })
  const address = await service.listen()
  const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 3_600 })
  const things: [what: string, request: string, short: string][] = [
    ['WebSockets', get(`/ws/tasks/${id}`, upgrade), get(`/ws/tasks`, upgrade)],
    ['event streams', get(`/api/tasks/${id}/events`), get(`/api/tasks/${id}/events`)],
    ['event streams', get(`/api/tasks/${id}/log`, asEvents), get(`/api/tasks/${id}/log`, asEvents)],
    ['requests that wait', get(`/api/tasks/${id}?wait=600`), get(`/api/tasks/${id}?wait=0.01`)]
  ]

  for (const [index, [what, request, short]] of things.entries()) {
    const from = `127.0.1.${index + 1}`
    const ask = async (request: string, from: string) => {
      const line = await openLine(t, address, from)
      await line.send(request)
      const answer = await line.answer().finally(() => line.hangUp())
      return answer
    }
    const lines = await crowd(t, address, 50, from)
    for (const line of lines) await line.send(request)
    const refused = await until(async () => {
      const answer = await ask(short, from)
      return answer.status === 429 ? answer : undefined
    }, 'all of them are open')

    t.match(JSON.parse(refused.body), { code: 'TOO_MANY_OPEN', detail: new RegExp(`50 ${what}`) })
    t.match(refused.headers['retry-after'], /^\d+$/)
    t.not((await ask(short, '127.0.2.1')).status, 429, 'another client has its own')
    t.equal((await ask(get(`/api/tasks/${id}`), from)).status, 200, 'everything else is answered')
    for (const line of lines) line.hangUp()
    await until(async () => (await ask(short, from)).status !== 429, 'there is room again')
  }
})

t.test('an address has a limit of connections; one more is closed without an answer', async t => {
  const service = await openService(t, { limits })
  const address = await service.listen()
  const lines = await crowd(t, address, 100, '127.0.1.1')
  for (const line of lines) await line.send(get('/health/live'))
  await Promise.all(lines.map(line => line.answer()))

  const extra = await openLine(t, address, '127.0.1.1')
  await extra.closed
  await t.rejects(extra.answer(), /ended without an answer, after 0 bytes/)

  const other = await openLine(t, address, '127.0.1.2')
  await other.send(get('/health/live'))
  t.equal((await other.answer()).status, 200)
  lines[0]!.hangUp()
  await until(async () => {
    const next = await openLine(t, address, '127.0.1.1')
    await next.send(get('/health/live'))
    return next.answer().catch(() => undefined)
  }, 'there is room for another')
})

t.test('connections have a limit in all, and open ones are served', async t => {
  const service = await openService(t, { limits: { ...limits, connections: 30, connectionsOfAddress: 20 } })
  const address = await service.listen()
  const first = await crowd(t, address, 15, '127.0.1.1')
  const second = await crowd(t, address, 15, '127.0.1.2')
  for (const line of [...first, ...second]) await line.send(get('/health/live'))
  await Promise.all([...first, ...second].map(line => line.answer()))

  const extra = await openLine(t, address, '127.0.1.3')
  await extra.closed

  await first[0]!.send(get('/health/live'))
  t.equal((await first[0]!.answer()).status, 200)
})

t.test('bodies have a largest size, each and all together', async t => {
  const MiB = 1024 * 1024
  const service = await openService(t, { limits: { bodiesInMemory: 3 * MiB } })
  const address = await service.listen()
  const post = (url: string, bytes: number | 'chunked') =>
    `POST ${url} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${bytes === 'chunked' ? 'transfer-encoding: chunked' : `content-length: ${bytes}`}\r\n\r\n`
  const answer = async (request: string) => {
    const line = await openLine(t, address)
    await line.send(request)
    const { status, body, headers } = await line.answer()
    line.hangUp()
    return { status, code: JSON.parse(body).code, headers }
  }

  t.match(await answer(post('/api/tasks', 2 * MiB)), { status: 413, code: 'BODY_TOO_LARGE' })
  t.match(await answer(post('/api/tasks/process', MiB + 1)), { status: 413 })
  t.match(await answer(post('/api/tasks/bulk', 32 * MiB + 1)), { status: 413 })
  const held = await openLine(t, address)
  await held.send(post('/api/tasks/bulk', 2.5 * MiB))
  await held.send('{"tasks": [')
  await service.get('/health/live')
  const refused = await answer(post('/api/tasks/bulk', 2.5 * MiB))
  t.match(refused, { status: 503, code: 'OVERLOADED' })
  t.match(refused.headers['retry-after'], /^\d+$/)
  t.match(await answer(post('/api/tasks/bulk', 'chunked')), { status: 503 }, 'one in chunks may be as large as any')
  t.equal((await service.post('/api/tasks', { task: 'add', args: { x: 1, y: 2 } })).statusCode, 201, 'a small one fits')
  held.hangUp()
  await held.closed
  await until(
    async () => (await answer(`${post('/api/tasks/bulk', 2.5 * MiB)}${' '.repeat(2.5 * MiB)}`)).status === 400,
    'what was held is free again'
  )
})
