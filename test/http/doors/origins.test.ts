import t from 'tap'
import { form, openForm } from '../../harness/form.ts'
import { leftovers } from '../../harness/leftovers.ts'
import { openLine } from '../../harness/line.ts'
import { openService } from '../../harness/service.ts'

const listed = 'http://localhost:4200'
const service = await openService(t, {
  env: { ALLOWED_ORIGINS: `${listed}, https://App.example/`, PUBLIC_URL: 'https://darkroom.example/films' }
})
const address = await service.listen()
const { host } = new URL(address)
const pause = '/api/queues/default/pause'

async function ask(method: string, url: string, headers: Record<string, string> = {}) {
  const line = await openLine(t, address)
  const lines = Object.entries({ host, connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}`)
  await line.send(`${method} ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  const answer = await line.answer({ head: method === 'HEAD' })
  line.hangUp()
  return answer
}

const upgrade = {
  connection: 'upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA=='
}

/** True if the WebSocket was opened. */
async function knock(headers: Record<string, string>) {
  return (await ask('GET', '/ws/tasks', { ...upgrade, ...headers })).status
}

async function isPaused() {
  const { items } = (await service.get('/api/queues')).json()
  return items.find(({ name }: any) => name === 'default').paused
}

t.test('a page of another origin cannot change anything through a browser', async t => {
  const foreign: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
    { origin: 'http://127.0.0.1:9999' },
    { origin: 'http://localhost:9999', 'sec-fetch-site': 'same-site' },
    { origin: `https://${host}` },
    { origin: 'https://app.example.evil.example' },
    { origin: `${listed}, ${listed}` },
    { origin: 'null' },
    { origin: 'null', 'sec-fetch-site': 'none' },
    { origin: '' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
  ]

  for (const headers of foreign) {
    const { status, body, headers: answered } = await ask('POST', pause, headers)
    t.equal(status, 403, JSON.stringify(headers))
    t.match(JSON.parse(body), { code: 'CROSS_SITE', detail: /ALLOWED_ORIGINS/ })
    t.equal(answered['access-control-allow-origin'], undefined)
    t.equal(await knock(headers), 403, `an upgrade by ${JSON.stringify(headers)}`)
    for (const method of ['DELETE', 'PATCH', 'PUT']) t.equal((await ask(method, '/nowhere', headers)).status, 403)
  }
  t.equal(await isPaused(), false)
})

t.test('programs, our own pages and those of listed origins can change things', async t => {
  const welcome: Record<string, string>[] = [
    {},
    { origin: address },
    { origin: address, 'sec-fetch-site': 'same-origin' },
    { origin: 'https://darkroom.example' },
    { origin: listed, 'sec-fetch-site': 'same-site' },
    { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' }
  ]

  for (const headers of welcome) {
    t.equal((await ask('POST', pause, headers)).status, 200, JSON.stringify(headers))
    t.equal(await isPaused(), true)
    t.equal((await ask('POST', '/api/queues/default/resume', headers)).status, 200)
    t.equal(await knock(headers), 101, `an upgrade by ${JSON.stringify(headers)}`)
  }
})

t.test('a form of a foreign page is refused before its film is read', async t => {
  const { headers, head } = openForm([{ filename: 'a.mp4', content: 'film' }])
  const line = await openLine(t, address)

  await line.send(
    `POST /api/videos HTTP/1.1\r\nhost: ${host}\r\norigin: https://evil.example\r\ncontent-type: ${headers['content-type']}\r\ncontent-length: 9999999\r\n\r\n`
  )
  const { status } = await line.answer()
  await line.send(head)

  t.equal(status, 403)
  t.match(await leftovers(service), { videos: 0, half_uploads: [] })
  const whole = form([{ filename: 'a.mp4', content: 'film' }])
  const { statusCode } = await service.api.app.inject({
    method: 'POST',
    url: '/upload/',
    payload: whole.payload,
    headers: { ...whole.headers, origin: 'null' }
  })
  t.equal(statusCode, 403)
})

t.test('a foreign page reads no data, in any spelling, and may link to pages', async t => {
  const foreign = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }

  for (const url of [
    '/api/tasks',
    '/api/tasks/?limit=1',
    '/%61pi/tasks',
    `http://${host}/api/tasks`,
    '/api',
    '/api/nowhere',
    '/metrics',
    '/ws/tasks',
    '/task-status/x/',
    '/status/x'
  ]) {
    for (const headers of [
      foreign,
      link,
      { ...foreign, origin: 'https://evil.example' },
      { ...foreign, origin: 'null' }
    ]) {
      t.equal((await ask('GET', url, headers)).status, 403, url)
    }
  }
  t.equal((await ask('HEAD', '/api/videos', foreign)).status, 403)
  for (const url of ['/docs', '/health/live', '/openapi.json', '/client.js'])
    t.equal((await ask('GET', url, link)).status, 200, url)
  t.equal((await ask('GET', '/', link)).status, 404)
  for (const site of ['same-origin', 'same-site', 'none']) {
    t.equal((await ask('GET', '/api/tasks', { 'sec-fetch-site': site })).status, 200, site)
  }
  t.equal((await ask('GET', '/api/tasks', { ...foreign, origin: listed })).status, 200, 'one of a listed origin')
})

t.test('only listed origins get an answer to a preflight', async t => {
  const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }

  for (const url of ['/api/tasks', '/api/videos/x/process', '/nowhere']) {
    const { status, headers, body } = await ask('OPTIONS', url, {
      ...preflight,
      origin: listed,
      'sec-fetch-site': 'cross-site'
    })
    t.equal(status, 204)
    t.equal(body, '')
    t.match(headers, {
      'access-control-allow-origin': listed,
      vary: 'Origin',
      'access-control-max-age': '600',
      'access-control-allow-methods': /POST.*PATCH.*DELETE/,
      'access-control-allow-headers': /Authorization.*Content-Type.*Idempotency-Key.*Last-Event-ID.*Upload-Offset/
    })
    t.equal(headers['access-control-allow-credentials'], undefined)
  }
  for (const origin of ['https://evil.example', 'null', 'http://localhost:4201', address]) {
    const { headers, status } = await ask('OPTIONS', '/api/tasks', { ...preflight, origin })
    t.equal(headers['access-control-allow-origin'], undefined, origin)
    t.equal(headers['access-control-allow-methods'], undefined, origin)
    t.equal(status, 405)
  }
})

t.test('pages of a listed origin can read answers, errors and the client', async t => {
  for (const url of ['/api/tasks', '/api/tasks/garbage', '/nowhere', '/client.js', '/health/live']) {
    const { headers } = await ask('GET', url, { origin: listed })
    t.match(headers, {
      'access-control-allow-origin': listed,
      vary: 'Origin',
      'access-control-expose-headers': /Location.*X-Request-Id/
    })
    const { headers: foreign } = await ask('GET', url, { origin: 'https://evil.example' })
    t.equal(foreign['access-control-allow-origin'], undefined)
    t.equal(foreign.vary, 'Origin')
  }
})

t.test('without listed origins there is no CORS at all', async t => {
  const closed = await openService(t)

  const { headers } = await closed.get('/api/tasks', { origin: listed })

  t.equal(headers.vary, undefined)
  t.equal(headers['access-control-allow-origin'], undefined)
})
