import t from 'tap'
import { openLine } from '../../harness/line.ts'
import { openService } from '../../harness/service.ts'

const lines: any[] = []
const service = await openService(t, { env: { PUBLIC_URL: 'https://films.example' }, hear: line => lines.push(line) })
const { id } = await service.keep('film')

t.test('each answer has the security headers', async t => {
  const urls = ['/api/videos', '/nowhere', '/health/live', '/docs', '/client.js', `/api/videos/${id}/files/original`]

  for (const url of urls) {
    const { headers } = await service.get(url)
    t.match(headers, {
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'strict-transport-security': 'max-age=31536000'
    })
  }
  for (const url of ['/api/videos', '/nowhere', '/health/live', '/openapi.json']) {
    const { headers } = await service.get(url)
    t.equal(headers['cache-control'], 'no-store', url)
    t.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'", url)
  }
  const { headers: docs } = await service.get('/docs')
  t.match(docs, { 'content-security-policy': /frame-ancestors 'none'/, 'cross-origin-opener-policy': 'same-origin' })
  const { headers: film } = await service.get(`/api/videos/${id}/files/original`)
  t.match(film, { 'cache-control': 'private, no-cache', 'content-security-policy': "default-src 'none'; sandbox" })
  t.match((await service.get('/client.js')).headers['cache-control'], /max-age/)
  const plain = await openService(t)
  t.equal((await plain.get('/health/live')).headers['strict-transport-security'], undefined)
})

t.test('a request has an id, its own or a new one, in the answer and in the log', async t => {
  const given = ['a', 'order-17', '01980000-0000-7000-8000-000000000000', 'a.b:c_d', 'x'.repeat(128)]
  const made = [undefined, '', ' ', 'x'.repeat(129), 'a b', 'a"b', 'ü', 'a,b']

  for (const url of ['/api/videos', '/api/videos/garbage', '/nowhere', `/api/videos/${id}/files/original`]) {
    for (const value of given) {
      t.equal((await service.get(url, { 'x-request-id': value })).headers['x-request-id'], value, url)
    }
    for (const value of made) {
      const { headers } = await service.get(url, value === undefined ? {} : { 'x-request-id': value })
      t.match(headers['x-request-id'], /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/, `${url} ${value}`)
    }
  }
  const before = lines.length
  await service.db.pool.query('alter table darkroom.videos rename to hidden')
  const broken = await service.get('/api/videos', { 'x-request-id': 'find-me' })
  await service.db.pool.query('alter table darkroom.hidden rename to videos')
  t.match(broken.json(), { code: 'INTERNAL', detail: /find-me/ })
  t.strictSame(
    lines.slice(before).map(({ msg, request_id }) => [msg, request_id]),
    [
      ['request failed', 'find-me'],
      ['request', 'find-me']
    ]
  )
})

t.test('bytes that are refused before they are a request get these headers too', async t => {
  const line = await openLine(t, await service.listen())
  await line.send('garbage\r\n\r\n')

  const { status, headers } = await line.answer()

  t.equal(status, 400)
  t.match(headers, { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', 'x-request-id': /-/ })
})
