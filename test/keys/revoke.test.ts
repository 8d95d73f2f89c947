import { request } from 'node:http'
import t, { type Test } from 'tap'
import { connect } from '../../src/client/client.ts'
import { openForm } from '../harness/form.ts'
import { openKeys, type TestKey } from '../harness/keys.ts'
import { leftovers } from '../harness/leftovers.ts'
import { openService } from '../harness/service.ts'
import { octets, tus } from '../harness/tus.ts'
import { until } from '../harness/until.ts'

const service = await openService(t)
const { admin, make } = await openKeys(service)
const { get, post } = service
const address = await service.listen()
const task = (await post('/api/tasks', { args: { data: '' }, countdown: 3600 }, admin.with)).json()
const remove = (url: string, headers: Record<string, string>) =>
  service.api.app.inject({ method: 'DELETE', url, headers })

function openSocket(t: Test, path: string, headers: Record<string, string>, protocols?: string[]) {
  const socket = new WebSocket(`${address.replace('http', 'ws')}${path}`, { headers, protocols } as never)
  t.teardown(() => socket.close())
  const closed = new Promise<number>(resolve => socket.addEventListener('close', ({ code }) => resolve(code)))
  const opened = new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('error', () => reject(new Error('The socket was refused')))
  })
  opened.catch(() => {})
  return { socket, opened, closed }
}

/** A request with a body that does not end by itself. */
function beginUpload(path: string, headers: Record<string, string>, head: string | Buffer, method = 'POST') {
  const ended = Promise.withResolvers<number>()
  const sending = request(`${address}${path}`, { method, headers }, answer => {
    answer.resume()
    ended.resolve(answer.statusCode!)
  })
  sending.on('error', () => ended.resolve(0))
  sending.write(head)
  return { ended: ended.promise, stop: () => sending.destroy() }
}

/** Everything that a key can have open, and how each of that ends. */
async function openAll(t: Test, key: TestKey) {
  const sockets = ['/ws/tasks', `/ws/tasks/${task.id}`, '/ws/live'].map(path => openSocket(t, path, key.with))
  await Promise.all(sockets.map(({ opened }) => opened))
  const events = await fetch(`${address}/api/tasks/${task.id}/events`, { headers: key.with })
  const log = await fetch(`${address}/api/tasks/${task.id}/log`, {
    headers: { ...key.with, accept: 'text/event-stream' }
  })
  const wait = fetch(`${address}/api/tasks/${task.id}?wait=60`, { headers: key.with })
  const { headers, head } = openForm([{ filename: 'a.mp4', content: 'film' }])
  const form = beginUpload('/api/videos', { ...headers, ...key.with, 'content-length': '9999999' }, head)
  const begun = await fetch(`${address}/api/uploads`, {
    method: 'POST',
    headers: { ...key.with, ...tus, 'upload-length': '9999999' }
  })
  const resumable = beginUpload(
    begun.headers.get('location')!,
    { ...key.with, ...tus, ...octets, 'upload-offset': '0', 'content-length': '9999999' },
    'bytes',
    'PATCH'
  )
  return {
    sockets: Promise.all(sockets.map(({ closed }) => closed)),
    streams: Promise.all([events, log].map(answer => answer.text().catch(() => 'cut'))),
    wait: wait.then(({ status }) => status),
    uploads: Promise.all([form.ended, resumable.ended])
  }
}

for (const [what, end] of [
  ['by the API', async ({ id }: TestKey) => remove(`/api/keys/${id}`, admin.with)],
  [
    'by SQL, as another API would',
    ({ id }: TestKey) => service.db.pool.query(`update darkroom.api_keys set revoked_at = now() where id = $1`, [id])
  ]
] as const) {
  t.test(`a revoked key ends all that it has open, ${what}`, async t => {
    const key = await make({ scopes: ['read', 'submit', 'operate'] })
    const bystander = await make({ preset: 'viewer' })
    const other = openSocket(t, '/ws/tasks', bystander.with)
    await other.opened
    const open = await openAll(t, key)

    await end(key)
    t.strictSame(await open.sockets, [4401, 4401, 4401])
    await open.streams
    t.equal(await open.wait, 401)
    t.strictSame(await open.uploads, [401, 401])
    await until(async () => (await leftovers(service)).half_uploads.length === 0, 'what had come of a film is removed')
    t.match(await leftovers(service), { videos: 0 })
    t.equal((await get('/api/tasks', key.with)).statusCode, 401)
    t.equal(other.socket.readyState, WebSocket.OPEN, 'others go on')
  })
}

t.test('the client sends its key', async t => {
  const key = await make({ name: 'program', preset: 'submitter' })
  const darkroom = connect(address, { key: key.key })
  const { id } = await darkroom.submit('add', { x: 1, y: 2 }, { countdown: 3600 })
  t.match(await darkroom.get(id), { created_by: 'program' })
  await t.rejects(connect(address).get(id), { code: 'UNAUTHORIZED', status: 401 })
})

t.test('a key that expires ends what it has open', async t => {
  const key = await make({ preset: 'viewer', expires_at: new Date(Date.now() + 1_500).toISOString() })
  const { opened, closed } = openSocket(t, '/ws/tasks', key.with)
  await opened
  t.equal(await closed, 4401)
  t.equal((await get('/api/tasks', key.with)).statusCode, 401)
})

t.test('the first key ends what was open without one', async t => {
  const open = await openService(t)
  const at = await open.listen()
  const socket = new WebSocket(`${at.replace('http', 'ws')}/ws/tasks`)
  const closed = new Promise<number>(resolve => socket.addEventListener('close', ({ code }) => resolve(code)))
  await new Promise(resolve => socket.addEventListener('open', resolve))
  await openKeys(open)
  t.equal(await closed, 4401)
})

t.test('a rotated key works until the overlap ends, with the same rights', async t => {
  const old = await make({ name: 'shop', preset: 'submitter', limits: { max_priority: 3 } })
  const made = (await post('/api/tasks', { args: { data: '' }, countdown: 3600 }, old.with)).json()
  const answer = await post(`/api/keys/${old.id}/rotate`, { overlap: 3600 }, admin.with)
  t.equal(answer.statusCode, 201)
  t.match(answer.json(), {
    name: 'shop',
    scopes: ['submit'],
    limits: { own: true, max_priority: 3 },
    created_by: 'root'
  })
  const fresh = { authorization: `Bearer ${answer.json().key}` }
  t.equal((await get(`/api/tasks/${made.id}`, old.with)).statusCode, 200)
  t.equal((await get(`/api/tasks/${made.id}`, fresh)).statusCode, 200, 'it sees what the old one has made')
  t.match((await get(`/api/keys/${old.id}`, admin.with)).json(), { replaced_by: answer.json().id, status: 'active' })

  const last = (await post(`/api/keys/${answer.json().id}/rotate`, { overlap: 0 }, admin.with)).json()
  t.equal((await get(`/api/tasks/${made.id}`, fresh)).statusCode, 401)
  t.equal((await get(`/api/tasks/${made.id}`, { authorization: `Bearer ${last.key}` })).statusCode, 200)
  t.match((await post(`/api/keys/${answer.json().id}/rotate`, {}, admin.with)).json(), { code: 'KEY_ENDED' })
  t.equal((await post('/api/keys/nothing/rotate', {}, admin.with)).json().code, 'KEY_NOT_FOUND')
})

t.test('a session is signed in with a key and ends with it', async t => {
  const key = await make({ name: 'anna', preset: 'operator' })
  const signIn = (body: object, headers = {}) => post('/api/session', body, { host: 'localhost:8000', ...headers })
  t.equal((await signIn({ key: `${key.key}x` })).statusCode, 401)
  t.equal((await signIn({})).statusCode, 401)
  t.match((await signIn({ key: key.key }, { host: '10.0.0.5' })).json(), { code: 'SESSION_INSECURE' })
  const signed = await signIn({ key: key.key })
  t.equal(signed.statusCode, 201)
  t.match(signed.json(), { key: { name: 'anna' }, scopes: ['read', 'submit', 'operate', 'play'], open: false })
  const [cookie, ...attributes] = String(signed.headers['set-cookie']).split('; ')
  t.match(cookie, /^darkroom=dr_s_/)
  t.strictSame(attributes.toSorted(), ['HttpOnly', 'Max-Age=604800', 'Path=/', 'SameSite=Strict'])
  const session = { cookie: `theme=dark; ${cookie}` }
  t.match((await get('/api/session', session)).json(), { key: { id: key.id }, expires_at: /T/ })
  t.match((await post('/api/tasks', { args: { data: '' }, countdown: 3600 }, session)).json(), { created_by: 'anna' })
  t.equal((await get('/api/keys', session)).statusCode, 403)
  t.equal((await get('/api/sessions', session)).statusCode, 403)

  const again = { cookie: String((await signIn({ key: key.key })).headers['set-cookie']).split(';')[0]! }
  const socket = openSocket(t, '/ws/tasks', again)
  await socket.opened
  const out = await remove('/api/session', again)
  t.match([out.statusCode, out.headers['clear-site-data']], [204, /cache/])
  t.equal(await socket.closed, 4401)
  t.equal((await get('/api/session', again)).statusCode, 401)
  t.equal((await get('/api/tasks', again)).statusCode, 401)
  t.equal((await get('/api/tasks', session)).statusCode, 200, 'the other session goes on')
  await remove(`/api/keys/${key.id}`, admin.with)
  t.equal((await get('/api/tasks', session)).statusCode, 401)

  const others = { cookie: String((await signIn({ key: admin.key })).headers['set-cookie']).split(';')[0]! }
  const bob = await make({ name: 'bob', preset: 'viewer' })
  const ofBob = { cookie: String((await signIn({ key: bob.key })).headers['set-cookie']).split(';')[0]! }
  const all = (await get('/api/sessions', others)).json().items
  t.match(
    all.map(({ key, mine, address }: any) => [key.name, mine, address]),
    [
      ['bob', false, '127.0.0.1'],
      ['root', true, '127.0.0.1']
    ],
    'those that have ended are left out'
  )
  t.notMatch(JSON.stringify(all), /hash|dr_s_/)
  t.match((await get(`/api/sessions?key_id=${bob.id}`, admin.with)).json().items, [{ id: all[0].id }])
  const open = openSocket(t, '/ws/tasks', ofBob)
  await open.opened
  t.equal((await remove(`/api/sessions/${all[0].id}`, others)).statusCode, 204)
  t.equal(await open.closed, 4401)
  t.equal((await get('/api/tasks', ofBob)).statusCode, 401)
  t.equal((await get('/api/tasks', bob.with)).statusCode, 200, 'its key goes on')
  t.equal((await remove(`/api/sessions/${all[0].id}`, others)).statusCode, 404)

  const secure = await openService(t, {
    env: { PUBLIC_URL: 'https://films.example', DATABASE_URL: service.url, DATA_DIR: service.dataDir }
  })
  const { headers } = await secure.post('/api/session', { key: admin.key }, { host: 'films.example' })
  t.match(headers['set-cookie'], /^__Host-darkroom=dr_s_.*; Path=\/; HttpOnly; SameSite=Strict; Secure$/)
})

t.test('a ticket opens what it names, once its key may see that, and nothing else', async t => {
  const key = await make({ preset: 'viewer' })
  const ticketFor = async (path: string, seconds = 60) =>
    (await post('/api/tickets', { path, seconds }, key.with)).json().ticket as string
  const ticket = await ticketFor('/ws/tasks?queue=default')
  const protocols = (ticket: string) => ['darkroom.v1', `darkroom.ticket.${ticket}`]
  const { socket, opened, closed } = openSocket(t, '/ws/tasks?queue=default', {}, protocols(ticket))
  await opened
  t.equal(socket.protocol, 'darkroom.v1')
  const alone = openSocket(t, '/ws/tasks?queue=default', {}, protocols(ticket).slice(1))
  await alone.opened
  alone.socket.close()
  await t.rejects(openSocket(t, '/ws/tasks', {}, protocols(ticket)).opened, 'another path')
  await t.rejects(openSocket(t, '/ws/tasks?queue=default', {}, protocols(`${ticket}x`)).opened, 'another ticket')

  const one = await ticketFor(`/api/tasks/${task.id}/events`)
  const events = await fetch(`${address}/api/tasks/${task.id}/events?ticket=${one}`)
  t.equal(events.status, 200)
  t.equal((await get(`/api/tasks/${task.id}?ticket=${one}`)).statusCode, 401, 'not for other requests')
  t.equal((await post('/api/tickets', { path: '/api/keys' }, key.with)).statusCode, 400)
  await remove(`/api/keys/${key.id}`, admin.with)
  t.equal(await closed, 4401)
  await events.text().catch(() => {})
  t.equal((await get(`/api/tasks/${task.id}/events?ticket=${one}`)).statusCode, 401, 'it ends with its key')
})
