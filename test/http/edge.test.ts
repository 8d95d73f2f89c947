import t from 'tap'
import { borrowDatabase } from '../harness/database.ts'
import { openLine } from '../harness/line.ts'
import { openProxy } from '../harness/proxy.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

t.test('bytes that are not HTTP are answered with a problem, and the service stays up', async t => {
  const service = await openService(t)
  const address = await service.listen()
  const cases: [what: string, bytes: string, status: number][] = [
    ['garbage', 'garbage\r\n\r\n', 400],
    ['another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['no such method', 'FETCH / HTTP/1.1\r\nhost: localhost\r\n\r\n', 400],
    ['a header without a name', 'GET / HTTP/1.1\r\nhost: localhost\r\n: y\r\n\r\n', 400],
    ['a NUL in the path', 'GET /\0 HTTP/1.1\r\nhost: localhost\r\n\r\n', 400],
    ['a length that is none', 'POST /api/tasks HTTP/1.1\r\nhost: localhost\r\ncontent-length: many\r\n\r\n', 400],
    [
      'two ways to say how long it is',
      'POST /api/tasks HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400
    ],
    ['a URL without end', `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`, 431],
    ['headers without end', `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`, 431]
  ]

  for (const [what, bytes, status] of cases) {
    const line = await openLine(t, address)
    await line.send(Buffer.from(bytes, 'latin1'))
    const answer = await line.answer()

    t.equal(answer.status, status, what)
    t.match(answer.headers['content-type'], /^application\/problem\+json/, what)
    t.match(JSON.parse(answer.body), { status, code: /^[A-Z_]+$/, title: /\w/, detail: /\w/ }, what)
    line.hangUp()
  }
  t.equal((await fetch(`${address}/health/live`)).status, 200)
})

t.test('extra slashes make another address, one slash at the end does not', async t => {
  const service = await openService(t)
  const address = await service.listen()
  const ask = async (target: string) => {
    const line = await openLine(t, address)
    await line.send(`GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`)
    return (await line.answer()).status
  }

  for (const target of ['/api/videos/', '/api/tasks/', '/health/live/', '/health/ready/', '/api/videos/?limit=1']) {
    t.equal(await ask(target), 200, target)
  }
  for (const target of ['//api/videos', '/api//videos', '//', '/api/videos//', '///', '/./api/videos']) {
    t.equal(await ask(target), 404, target)
  }
})

t.test('HEAD is GET without a body, OPTIONS is not allowed', async t => {
  const service = await openService(t)
  const { id } = await service.keep('film')
  const ask = (method: 'HEAD' | 'OPTIONS', url: string) => service.api.app.inject({ method, url })

  for (const url of [
    '/api/videos',
    `/api/videos/${id}`,
    '/health/live',
    `/status/${id}/`,
    `/api/videos/${id}/status`
  ]) {
    const head = await ask('HEAD', url)
    t.equal(head.statusCode, 200, url)
    t.equal(head.body, '', url)
    t.equal(head.headers['content-length'], (await service.get(url)).headers['content-length'], url)
  }
  t.equal((await ask('HEAD', '/api/videos/garbage')).statusCode, 404)
  t.equal((await ask('HEAD', '/nothing')).statusCode, 404)
  t.match((await ask('OPTIONS', '/api/videos')).json(), { status: 405, code: 'METHOD_NOT_ALLOWED' })
})

t.test('a wrong method is answered with the allowed ones, whatever the path looks like', async t => {
  const service = await openService(t)
  const { id } = await service.keep('film')
  const cases: [method: string, url: string, allow: string][] = [
    ['PUT', `/api/videos/${id}`, 'GET, HEAD, PATCH, DELETE'],
    ['PUT', `/api/videos/${id}/?x=1`, 'GET, HEAD, PATCH, DELETE'],
    ['POST', `/api/videos/${id}/files/hls/master.m3u8`, 'GET, HEAD'],
    ['DELETE', '/api/tasks', 'GET, HEAD, POST'],
    ['PUT', '/api/tasks/bulk', 'GET, HEAD, POST, PATCH, DELETE'],
    ['GET', '/process-video/', 'POST'],
    ['TRACE', '/health/live', 'GET, HEAD'],
    ['OPTIONS', '/api/queues/default/pause', 'POST']
  ]

  for (const [method, url, allow] of cases) {
    const { statusCode, headers, json } = await service.api.app.inject({ method: method as 'GET', url })
    t.equal(statusCode, 405, `${method} ${url}`)
    t.equal(headers.allow, allow, `${method} ${url}`)
    t.match(json(), { code: 'METHOD_NOT_ALLOWED', detail: new RegExp(`${method}.*${allow}`) })
  }
})

t.test('one connection serves one request after the other, pipelined ones too', async t => {
  const service = await openService(t)
  const line = await openLine(t, await service.listen())
  const get = 'GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n'
  const body = '{"data": "x"}'

  await line.send(get)
  const first = await line.answer()
  await line.send(
    `POST /api/tasks/process HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}${get}${get}`
  )
  const rest = [await line.answer(), await line.answer(), await line.answer()]

  t.match(first, { status: 200, headers: { connection: 'keep-alive' }, body: '{"status":"live"}' })
  t.strictSame(
    rest.map(({ status }) => status),
    [202, 200, 200]
  )
})

t.test('a client may take as long as it likes between two letters', async t => {
  const service = await openService(t)
  const line = await openLine(t, await service.listen())

  for (const letter of 'GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n') await line.send(letter)

  t.match(await line.answer(), { status: 200 })
})

t.test('live: the API answers; ready: the API can do its work', async t => {
  const service = await openService(t)

  t.strictSame((await service.get('/health/live')).json(), { status: 'live' })
  const ready = await service.get('/health/ready')
  t.equal(ready.statusCode, 200, 'an api alone needs no worker')
  const { media_sandbox, ...rest } = ready.json()
  t.strictSame(rest, { status: 'ready', database: true, migrations: true, worker: false, auth: 'open' })
  t.strictSame(Object.keys(media_sandbox), ['files', 'network', 'proved_at', 'missing'])
  t.match(media_sandbox, {
    files: null,
    network: null,
    proved_at: null,
    missing: [{ why: /worker/, how: 'Start a worker' }, {}]
  })
})

t.test('a server is ready with its worker and not without', async t => {
  const service = await openService(t, { needsWorker: true })

  const before = await service.get('/health/ready')
  const worker = await service.startWorker()
  const during = await service.get('/health/ready')
  await worker.stop(0)
  const after = await service.get('/health/ready')

  t.equal(before.statusCode, 503)
  t.match(before.headers['retry-after'], /^\d+$/)
  t.match(before.json(), { status: 'not ready', database: true, migrations: true, worker: false })
  t.equal(during.statusCode, 200)
  t.match(during.json(), { status: 'ready', database: true, migrations: true, worker: true })
  t.equal(after.statusCode, 503)
})

t.test('a service on a database without its tables is not ready', async t => {
  const service = await openService(t)
  await service.db.pool.query(`alter schema darkroom rename to elsewhere`)

  const response = await service.get('/health/ready')

  t.equal(response.statusCode, 503)
  t.match(response.json(), { status: 'not ready', migrations: false })
})

t.test('readiness does not wait for a silent database, and queries it once', async t => {
  const proxy = await openProxy(t, await borrowDatabase(t))
  const service = await openService(t, { env: { DATABASE_URL: proxy.url } })
  const { pool } = service.api.db
  const isReady = () => service.get('/health/ready')
  // A connection for each, so that nothing but patience keeps them from asking.
  await Promise.all([1, 2, 3, 4].map(() => pool.query('select pg_sleep(0.2)')))
  t.equal((await isReady()).statusCode, 200)
  const before = proxy.asked('darkroom.migrations')
  let givenUp = 0
  pool.on('remove', () => givenUp++)

  proxy.swallowAnswers()
  const together = await Promise.all([isReady(), isReady(), isReady()])
  const later = await isReady()

  t.equal(givenUp, 0, 'it is answered before the connection is given up')
  t.equal(proxy.asked('darkroom.migrations') - before, 1)
  for (const response of [...together, later]) {
    t.equal(response.statusCode, 503)
    t.match(response.json(), { status: 'not ready', database: false, migrations: false, worker: false })
  }
  proxy.cut()
  proxy.restore()
  await until(async () => (await isReady()).statusCode === 200, 'it is ready again')
})

t.test('without the database requests get a 503 with Retry-After, and succeed once it is back', async t => {
  const proxy = await openProxy(t, await borrowDatabase(t))
  const service = await openService(t, { env: { DATABASE_URL: proxy.url } })
  const { id } = await service.keep('film')

  proxy.cut()
  const away = [
    await service.get('/api/videos'),
    await service.get(`/api/videos/${id}`),
    await service.get(`/api/videos/${id}/files/original`),
    await service.post('/api/tasks/process', { data: 'x' }),
    await service.post(`/api/videos/${id}/process`),
    await service.delete(`/api/videos/${id}`),
    await service.upload([{ filename: 'a.mp4', content: 'film' }])
  ]
  const live = await service.get('/health/live')
  const ready = await service.get('/health/ready')
  proxy.restore()

  for (const response of away) {
    t.equal(response.statusCode, 503)
    t.match(response.headers, { 'content-type': /^application\/problem\+json/, 'retry-after': /^\d+$/ })
    t.match(response.json(), { status: 503, code: 'DATABASE_UNAVAILABLE', title: 'Service Unavailable' })
  }
  t.equal(live.statusCode, 200)
  t.equal(ready.statusCode, 503)
  t.match(ready.json(), { database: false })
  t.strictSame(await service.files(), [`videos/${id}/original`], 'and nothing is kept of what came meanwhile')
  t.equal((await service.get(`/api/videos/${id}`)).statusCode, 200)
  t.equal((await service.upload([{ filename: 'a.mp4', content: 'film' }])).statusCode, 201)
})
