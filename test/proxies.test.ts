import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { PassThrough, Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { Agent, fetch, type RequestInit, WebSocket } from 'undici'
import { freePort } from '../scripts/bench/service.ts'
import { openForm } from './harness/form.ts'
import { openService } from './harness/service.ts'
import { metadata, octets, tus } from './harness/tus.ts'
import { until } from './harness/until.ts'
import { isNotInstalled, startWebProxy, webProxies } from './harness/web-proxies.ts'

// The README's configurations of proxies, in the proxies themselves, where they are installed.

const half = randomBytes(1_500_000)

/** A service behind a proxy, and a browser's way to it: `films.example` is this machine. */
async function openBehind(t: Test, name: string, prefix: string, trusted: string) {
  const publicUrl = new URL(`https://films.example:${await freePort()}${prefix}`)
  const service = await openService(t, {
    env: { PUBLIC_URL: publicUrl.href.replace(/\/$/, ''), ...(trusted !== '' && { TRUSTED_PROXIES: trusted }) }
  })
  await startWebProxy(t, name, await service.listen(), publicUrl)
  const agentWith = (options: Agent.Options = {}) => {
    const agent = new Agent({
      ...options,
      connect: {
        rejectUnauthorized: false,
        lookup: (_, options, done) =>
          options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)
      }
    })
    t.teardown(() => agent.destroy())
    return agent
  }
  const dispatcher = agentWith()
  return {
    service,
    publicUrl: publicUrl.href.replace(/\/$/, ''),
    origin: publicUrl.origin,
    dispatcher,
    agentWith,
    ask: (path: string, init: RequestInit = {}) =>
      fetch(`${publicUrl.href.replace(/\/$/, '')}${path}`, { dispatcher, redirect: 'manual', ...init })
  }
}

type Behind = Awaited<ReturnType<typeof openBehind>>

/** A body that is sent in halves arrives in halves: the proxy keeps nothing back. */
async function upload(t: Test, { service, ask }: Behind) {
  const { headers, head, tail } = openForm([{ filename: 'film.mp4', content: half }])
  const body = new PassThrough()
  const answer = ask('/api/videos', { method: 'POST', headers, body: Readable.toWeb(body), duplex: 'half' })
  const before = await service.files()
  body.write(head)
  await until(async () => (await service.files()).length > before.length, 'the first half is written')
  body.end(Buffer.concat([half, tail]))
  const response = await answer
  t.equal(response.status, 201)
  const { id } = (await response.json()) as any
  t.equal((await service.get(`/api/videos/${id}`)).json().bytes, 2 * half.length)
}

async function tusUpload(t: Test, { ask, publicUrl, dispatcher }: Behind) {
  const length = String(2 * half.length)
  const headers = { ...tus, 'upload-length': length, 'upload-metadata': metadata({ filename: 'film.mp4' }) }
  const made = await ask('/api/uploads', { method: 'POST', headers })
  t.equal(made.status, 201)
  const location = new URL(made.headers.get('location')!, `${publicUrl}/api/uploads`).href
  t.ok(location.startsWith(`${publicUrl}/api/uploads/`), location)
  for (const offset of [0, half.length]) {
    const headers = { ...tus, ...octets, 'upload-offset': String(offset) }
    t.equal((await fetch(location, { method: 'PATCH', headers, body: half, dispatcher })).status, 204)
  }
  const { headers: told } = await fetch(location, { method: 'HEAD', headers: tus, dispatcher })
  t.equal(told.get('upload-offset'), length)
}

async function sockets(t: Test, { service, publicUrl, origin, agentWith }: Behind) {
  // As browsers do where HTTP/2 of a server has no WebSockets.
  const dispatcher = agentWith({ allowH2: false })
  const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })
  const socket = new WebSocket(`${publicUrl.replace('https', 'wss')}/ws/tasks/${id}`, {
    dispatcher,
    headers: { origin }
  })
  const states: string[] = []
  socket.onmessage = ({ data }) => states.push(JSON.parse(String(data)).state)
  await until(() => states.length === 1, 'the socket says how the task is')
  const closed = once(socket, 'close')
  await service.post(`/api/tasks/${id}/cancel`)
  const [{ code }] = await closed
  t.strictSame([states, code], [['PENDING', 'REVOKED'], 1000])
  const foreign = new WebSocket(`${publicUrl.replace('https', 'wss')}/ws/tasks`, {
    dispatcher,
    headers: { origin: 'https://evil.example' }
  })
  await once(foreign, 'error')
}

/** By HTTP/2, as browsers do: the first event is there while the stream goes on. */
async function events(t: Test, { service, publicUrl, origin }: Behind) {
  const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })
  const { port, pathname } = new URL(publicUrl)
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, servername: 'films.example' })
  t.teardown(() => session.destroy())
  const stream = session.request({
    ':authority': new URL(origin).host,
    ':path': `${pathname.replace(/\/$/, '')}/api/tasks/${id}/events`,
    'last-event-id': '0'
  })
  let text = ''
  stream.setEncoding('utf8').on('data', chunk => {
    text += chunk
  })
  await until(() => text.includes('PENDING'), 'the first event comes at once')
  t.notOk(stream.readableEnded)
  await service.post(`/api/tasks/${id}/cancel`)
  await until(() => text.includes('REVOKED'), 'the last event comes')
}

/** Whose address a request is noted under. */
async function addressOf(behind: Behind, from: string, headers: Record<string, string> = {}) {
  const { service, ask, agentWith } = behind
  const response = await ask('/api/queues/low_priority/pause', {
    method: 'POST',
    headers,
    // Another address of this machine, as if it were a client elsewhere.
    dispatcher: agentWith({ localAddress: from })
  })
  const id = response.headers.get('x-request-id')
  const { items } = (await service.get('/api/audit?action=queue.pause')).json()
  await service.post('/api/queues/low_priority/resume')
  return items.find(({ request_id }: any) => request_id === id)?.ip
}

for (const name of Object.keys(webProxies)) {
  t.test(`${name}, as the README has it`, { skip: await isNotInstalled(name) }, async t => {
    const behind = await openBehind(t, name, '', '127.0.0.1')
    await t.test('uploads are streamed', t => upload(t, behind))
    await t.test('tus', t => tusUpload(t, behind))
    await t.test('WebSockets, of its own pages alone', t => sockets(t, behind))
    await t.test('events are not held back', t => events(t, behind))
    await t.test('the address of the client is known, and not believed of the client itself', async t => {
      t.equal(await addressOf(behind, '127.0.0.2'), '127.0.0.2')
      t.equal(await addressOf(behind, '127.0.0.2', { 'x-forwarded-for': '203.0.113.9' }), '127.0.0.2')
    })
    await t.test('a foreign page changes nothing', async t => {
      const headers = { origin: 'https://evil.example' }
      const response = await behind.ask('/api/queues/low_priority/pause', { method: 'POST', headers })
      t.strictSame([response.status, ((await response.json()) as any).code], [403, 'CROSS_SITE'])
    })
  })

  t.test(`${name} below a path, and not trusted`, { skip: await isNotInstalled(name) }, async t => {
    const behind = await openBehind(t, name, '/darkroom', '')
    await t.test('tus', t => tusUpload(t, behind))
    await t.test('WebSockets', t => sockets(t, behind))
    await t.test('events', t => events(t, behind))
    await t.test('the dashboard', async t => {
      const entry = await behind.ask('/', { headers: { accept: 'text/html' } })
      const page = new URL(entry.headers.get('location')!, `${behind.publicUrl}/`).href
      t.ok(page.startsWith(`${behind.publicUrl}/ui`), page)
      const shell = await fetch(page, { dispatcher: behind.dispatcher })
      t.equal(shell.status, 200)
      const [, script] = /<script[^>]* src="([^"]+)"/.exec(await shell.text())!
      const asset = await fetch(new URL(script!, shell.url), { dispatcher: behind.dispatcher })
      t.strictSame([asset.status, asset.headers.get('content-type')?.split(';')[0]], [200, 'text/javascript'])
    })
    await t.test('without TRUSTED_PROXIES its own address counts', async t => {
      t.equal(await addressOf(behind, '127.0.0.2'), '127.0.0.1')
    })
  })
}
