import t from 'tap'
import { openLine } from '../../harness/line.ts'
import { openService } from '../../harness/service.ts'

const service = await openService(t, {
  env: { ALLOWED_HOSTS: 'Films.example, other.example.', PUBLIC_URL: 'https://darkroom.example:8443/films' }
})
const address = await service.listen()

async function send(head: string) {
  const line = await openLine(t, address)
  await line.send(`${head}\r\nconnection: close\r\n\r\n`)
  const { status, headers, body } = await line.answer()
  line.hangUp()
  return { status, headers, problem: JSON.parse(body) }
}

t.test('a foreign host is refused, for every path', async t => {
  for (const target of ['/api/tasks', '/health/live', '/nowhere', '/docs', '/client.js']) {
    const { status, problem } = await send(`GET ${target} HTTP/1.1\r\nhost: evil.example:8000`)

    t.equal(status, 421, target)
    t.match(problem, { code: 'HOST_NOT_ALLOWED', detail: /"evil\.example".*ALLOWED_HOSTS/ })
  }
  for (const host of [
    '127.1',
    '0x7f000001',
    'localhost.evil.example',
    'xlocalhost',
    '127.0.0.1.nip.io',
    'filmsxexample'
  ]) {
    t.equal((await send(`GET /health/live HTTP/1.1\r\nhost: ${host}`)).status, 421, host)
  }
  const upgrade =
    'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=='
  t.equal((await send(`GET /ws/tasks HTTP/1.1\r\nhost: evil.example\r\n${upgrade}`)).status, 421, 'an upgrade too')
  const forwarded = 'host: evil.example\r\nx-forwarded-host: localhost'
  t.equal((await send(`GET /health/live HTTP/1.1\r\n${forwarded}`)).status, 421, 'what is forwarded is not read')
})

t.test('addresses, localhost and the hosts of the settings are accepted', async t => {
  const hosts = [
    'LOCALHOST.',
    'localhost:8000',
    'localhost:',
    'a.localhost',
    'A.B.localhost:1',
    '127.0.0.1:8000',
    '10.0.0.5',
    '[::1]:8000',
    '[FE80::1]',
    'films.example:443',
    'FILMS.example.',
    'other.example',
    'darkroom.example'
  ]

  for (const host of [...hosts, ...hosts]) {
    t.equal((await send(`GET /health/live HTTP/1.1\r\nhost: ${host}`)).status, 200, host)
  }
})

t.test('an invalid host, or several, are a bad request', async t => {
  const heads = [
    'GET /health/live HTTP/1.1\r\nhost: 127.0.0.1:8000@evil',
    'GET /health/live HTTP/1.1\r\nhost: localhost:80a',
    'GET /health/live HTTP/1.1\r\nhost: local host',
    'GET /health/live HTTP/1.1\r\nhost: [::1',
    'GET /health/live HTTP/1.1\r\nhost: [1.2.3.4]',
    'GET /health/live HTTP/1.1\r\nhost: http://localhost',
    'GET /health/live HTTP/1.1\r\nhost: .',
    'GET /health/live HTTP/1.1\r\nhost: localhost\r\nhost: localhost',
    'GET /health/live HTTP/1.1\r\nhost: localhost\r\nHOST: evil.example',
    'GET /health/live HTTP/1.1\r\nhost:',
    'GET /health/live HTTP/1.1\r\nx: y',
    'GET /health/live HTTP/1.0\r\nx: y'
  ]

  for (const head of heads) {
    const { status, problem } = await send(head)
    t.equal(status, head.endsWith(': .') ? 421 : 400, head)
    t.match(problem, { code: /INVALID_REQUEST|HOST_NOT_ALLOWED/, detail: /[Hh]ost/ })
  }
})

t.test('an absolute URL names the same host as the header', async t => {
  const targets: [target: string, host: string, status: number][] = [
    ['http://evil/api/tasks', 'localhost', 400],
    ['http://localhost:81/api/tasks', 'localhost:80', 400],
    ['http://localhost@evil/api/tasks', 'localhost', 400],
    ['ftp://localhost/api/tasks', 'localhost', 400],
    ['http://LOCALHOST/api/tasks', 'localhost', 200],
    ['https://films.example/api/tasks?limit=1', 'films.example', 200]
  ]

  for (const [target, host, status] of targets) {
    t.equal((await send(`GET ${target} HTTP/1.1\r\nhost: ${host}`)).status, status, `${target} by ${host}`)
  }
})
