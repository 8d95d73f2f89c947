import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect, createServer as createLine } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { openPage, skipWithoutBrowser } from '../../harness/browser.ts'
import { openKeys } from '../../harness/keys.ts'
import { openService, type Service } from '../../harness/service.ts'

// Types of the page, in which some of this runs.
declare const document: any
declare const navigator: any
declare const addEventListener: any
declare const DataTransfer: any

const rebound = 'films.attacker.example'
const nothing = {
  ...{ read: false, frame: false, script: false, film: false, client: false },
  ...{ written: false, deleted: false, uploaded: false, socket: false, live: false, events: false }
}

/** A page that is served to the browser by another server of this machine. */
async function servePages(t: Test) {
  const pages = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end('<title>a page</title>')
  )
  pages.listen(0, '127.0.0.1')
  await once(pages, 'listening')
  t.teardown(() => pages.close())
  return (pages.address() as AddressInfo).port
}

/**
 * DNS rebinding, as browser and service see it: the name leads to a server of the attacker while the page is loaded, and
 * to the service from then on, at the same port. Returns what moves it there.
 */
async function serveRebound(t: Test, port: number) {
  let isMoved = false
  const server = createLine(client => {
    client.on('error', () => {})
    if (!isMoved) {
      const page = '<title>a page</title>'
      const head = `content-type: text/html\r\ncontent-length: ${page.length}\r\nconnection: close`
      client.once('data', () => client.end(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${page}`))
      return
    }
    const service = connect(port, '127.0.0.1')
    service.on('error', () => client.destroy())
    client.pipe(service).pipe(client)
  })
  server.listen(port, '127.0.0.2')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (to: 'attacker' | 'service') => {
    isMoved = to === 'service'
  }
}

/** Everything that a page could have changed. */
async function stateOf({ db, files }: Service) {
  const count = (table: string) => `(select count(*)::int from darkroom.${table}) as ${table}`
  const tables = ['tasks', 'films', 'uploads', 'schedules', 'webhooks', 'api_keys', 'sessions', 'bulk_operations']
  const { rows } = await db.pool.query(
    `select ${tables.map(count).join(', ')},
      (select array_agg(state order by id) from darkroom.tasks) as states,
      (select count(*)::int from darkroom.queues where paused_at is not null) as paused`
  )
  return { ...rows[0], files: await files() }
}

for (const isClosed of [false, true]) {
  t.test(
    `a page elsewhere reads and changes nothing, ${isClosed ? 'in a browser that is signed in' : 'without keys'}`,
    { skip: skipWithoutBrowser },
    async t => {
      const port = await servePages(t)
      const requests: { method: string; url: string; status: number }[] = []
      // Pages of our own without a policy, which would refuse most of this.
      const PUBLIC_DIR = await mkdtemp(path.join(tmpdir(), 'darkroom-pages-'))
      t.teardown(() => rm(PUBLIC_DIR, { recursive: true, force: true }))
      await writeFile(path.join(PUBLIC_DIR, 'own.html'), '<title>a page</title>')
      const service = await openService(t, {
        env: { PUBLIC_DIR },
        hear: line => line.msg === 'request' && requests.push(line)
      })
      const address = await service.listen()
      const { id, task_id: task } = await service.keep('film')
      const { page } = await openPage(t, address, [`--host-resolver-rules=MAP ${rebound} 127.0.0.2`])
      await page.goto(`${address}/own.html`)
      if (isClosed) {
        const { admin } = await openKeys(service)
        t.equal(await page.evaluate(signIn, admin.key), 201)
      }
      t.match(await page.evaluate(attack, { address, id, task, isHarmless: true }), { read: true, socket: true })
      const before = await stateOf(service)

      const { port: own } = new URL(address)
      const move = await serveRebound(t, Number(own))
      // Another port of this address is the same site, to which browsers send the cookie.
      for (const from of [`http://127.0.0.1:${port}`, `http://foreign.localhost:${port}`, `http://${rebound}:${own}`]) {
        requests.length = 0
        move('attacker')
        await page.goto(from)
        move('service')
        const target = from.includes(rebound) ? from : address
        t.strictSame(await page.evaluate(attack, { address: target, id, task }), nothing, from)
        t.strictSame(await stateOf(service), before, from)
        const unsafe = requests.filter(({ method }) => method !== 'GET')
        t.ok(unsafe.length >= 6, `they arrived: ${unsafe.length}`)
        t.strictSame(
          unsafe.filter(({ status, method }) => ![403, 421].includes(status) && method !== 'OPTIONS'),
          [],
          'and each was refused'
        )
        if (target !== address)
          t.ok(
            requests.every(({ status }) => status === 421),
            'by its Host'
          )
      }
      await page.goto(`${address}/own.html`)
      t.match(await page.evaluate(attack, { address, id, task }), { read: true, written: true }, 'our own pages may')
    }
  )
}

t.test('a page of a listed origin may', { skip: skipWithoutBrowser }, async t => {
  const listed = `http://localhost:${await servePages(t)}`
  const service = await openService(t, { env: { ALLOWED_ORIGINS: listed } })
  const address = await service.listen()
  const { id, task_id: task } = await service.keep('film')
  const { page } = await openPage(t, address)
  await page.goto(listed)
  // Without credentials, which CORS never allows here.
  const found = await page.evaluate(attack, { address, id, task, credentials: 'omit' as const })
  t.match(found, { read: true, written: true, socket: true, live: true, events: true, client: true, frame: false })
  t.match(await stateOf(service), { paused: 1, api_keys: 1, uploads: 1 })
})

/** These functions run in the page. */
async function signIn(key: string) {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch('/api/session', { method: 'POST', headers, body: JSON.stringify({ key }) })
  return answer.status
}

async function attack(given: {
  address: string
  id: string
  task: string
  isHarmless?: boolean
  credentials?: 'include' | 'omit'
}) {
  const { address, id, task, isHarmless = false } = given
  const credentials = given.credentials ?? 'include'
  const can = (promise: Promise<unknown>) => promise.then(Boolean, () => false)
  const send = (path: string, init: object) => fetch(`${address}${path}`, { credentials, ...init })
  const text = (path: string, init: object) =>
    can(send(path, init).then(response => (response.ok || response.type === 'opaque' ? response.text() : '')))
  const sent = (path: string, init: object) => can(send(path, init).then(response => response.ok))
  const opens = (target: EventTarget, good: string) =>
    new Promise<boolean>(resolve => {
      target.addEventListener(good, () => resolve(true), { once: true })
      target.addEventListener('error', () => resolve(false), { once: true })
    })
  const element = (name: string, fields: object) => {
    const made = Object.assign(document.createElement(name), fields)
    document.body.append(made)
    return made
  }

  const socket = new WebSocket(`${address.replace('http', 'ws')}/ws/tasks`)
  const live = new WebSocket(`${address.replace('http', 'ws')}/ws/live`)
  const events = new EventSource(`${address}/api/tasks/${task}/events`, { withCredentials: credentials === 'include' })
  const watched = Promise.all([opens(socket, 'open'), opens(live, 'open'), opens(events, 'open')])
  const reads = await Promise.all([
    ...['/api/tasks', `/api/videos/${id}`, '/metrics', '/api/audit', '/openapi.json'].map(path => text(path, {})),
    text('/api/tasks', { mode: 'no-cors' })
  ])
  const isScript = await opens(element('script', { src: `${address}/api/tasks` }), 'load')
  const isFilm = await opens(element('video', { src: `${address}/api/videos/${id}/files/original` }), 'loadedmetadata')
  const frame = element('iframe', { src: `${address}/api/tasks` })
  await opens(frame, 'load')
  let isFrame = false
  try {
    isFrame = /items/.test(frame.contentDocument.body.textContent)
  } catch {}
  const isClient = await can(import(`${address}/client.js`))
  const [isSocket, isLive, isEvents] = await watched
  socket.close()
  live.close()
  events.close()
  const found = {
    ...{ read: reads.some(Boolean), frame: isFrame, script: isScript, film: isFilm, client: isClient },
    ...{ written: false, deleted: false, uploaded: false, socket: isSocket, live: isLive, events: isEvents }
  }
  if (isHarmless) return found

  const pause = '/api/queues/default/pause'
  const json = { 'content-type': 'application/json' }
  const film = () => {
    const form = new FormData()
    form.append('video', new Blob(['x']), 'evil.mp4')
    return form
  }
  const written = await Promise.all([
    sent(pause, { method: 'POST' }),
    sent('/api/tasks', { method: 'POST', headers: json, body: '{}' }),
    sent('/api/keys', { method: 'POST', headers: json, body: '{"name":"evil","preset":"admin"}' }),
    sent('/api/uploads', { method: 'POST', headers: { 'tus-resumable': '1.0.0', 'upload-length': '9' } })
  ])
  const deleted = await Promise.all([
    sent(`/api/videos/${id}`, { method: 'DELETE' }),
    sent(`/api/tasks/${task}`, { method: 'PATCH', headers: json, body: '{"priority":9}' }),
    sent(`/api/videos/${id}`, { method: 'POST', headers: { 'x-http-method-override': 'DELETE' } })
  ])
  const uploaded = await sent('/api/videos', { method: 'POST', body: film() })
  // Requests without a preflight, whose answers no page can read.
  const blind = { method: 'POST', mode: 'no-cors' }
  await Promise.all(
    [
      send(pause, blind),
      send(`/api/tasks/${task}/cancel`, blind),
      send('/api/tasks', { ...blind, body: '{"args":{"data":""}}' }),
      send('/api/videos', { ...blind, body: film() })
    ].map(can)
  )
  navigator.sendBeacon(`${address}/api/tasks/process`, '{"data":"x"}')
  for (const [enctype, action] of [
    ['application/x-www-form-urlencoded', pause],
    ['text/plain', '/api/tasks'],
    ['multipart/form-data', '/upload/']
  ]) {
    const sink = element('iframe', { name: `sink of ${enctype}` })
    const form = element('form', { method: 'post', enctype, action: `${address}${action}`, target: sink.name })
    if (enctype === 'multipart/form-data') {
      const files = new DataTransfer()
      files.items.add(new File(['x'], 'evil.mp4'))
      form.append(Object.assign(document.createElement('input'), { type: 'file', name: 'video', files: files.files }))
    }
    form.submit()
    await opens(sink, 'load')
  }
  // A sandboxed frame has the origin `null`.
  const sandboxed = element('iframe', {
    sandbox: 'allow-scripts',
    srcdoc: `<script>fetch('${address}${pause}', { method: 'POST', mode: 'no-cors' }).finally(() => parent.postMessage(1, '*'))</script>`
  })
  await new Promise(resolve => addEventListener('message', resolve, { once: true }))
  sandboxed.remove()
  return { ...found, written: written.some(Boolean), deleted: deleted.some(Boolean), uploaded }
}
