import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Page, Request } from 'playwright-core'
import t from 'tap'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { shoot } from '../harness/clip.ts'
import { loaded, openDashboard } from '../harness/dashboard.ts'
import { borrowDatabase } from '../harness/database.ts'
import { startProgram } from '../harness/program.ts'
import { sha256 } from '../harness/tus.ts'
import { until } from '../harness/until.ts'

// Bytes of each file. The page sends pieces of at most 8 MiB.
const size = 32 * 1024 ** 2
const largest = 48 * 1024 ** 2

t.test('uploads of a page', { skip: skipWithoutBrowser }, async t => {
  const whole = t
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-films-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const films = await makeFilms(folder)
  const store = await mkdtemp(path.join(tmpdir(), 'darkroom-test-'))
  t.teardown(() => rm(store, { recursive: true, force: true }))
  const port = await freePort()
  const env = {
    ...{ DATABASE_URL: await borrowDatabase(t), DATA_DIR: store, PORT: String(port) },
    MAX_UPLOAD_BYTES: String(largest)
  }
  let api = await startProgram(t, 'api', { env })
  await api.heard(': http:')
  const address = `http://127.0.0.1:${port}`
  const { visit, complaints } = await openDashboard(t, address)
  const read = async (path: string): Promise<any> => (await fetch(`${address}${path}`)).json()
  const tray = (page: Page) => page.getByRole('region', { name: 'Uploads' })

  t.test('go on where they were after a kill of the API and a reload of the page', async t => {
    const page = await visit('/videos')
    const half = gateAtHalf()
    await page.route('**/api/uploads/*', half.pass)
    await page.getByLabel('Films to upload').setInputFiles(films.map(({ file }) => file))
    await until(() => half.held() === films.length, 'half of each film has arrived')
    const before = complaints.length
    half.open()
    api.kill('SIGKILL')
    await api.exited
    api = await startProgram(whole, 'api', { env })
    await api.heard(': http:')
    await page.unroute('**/api/uploads/*')
    await page.reload()
    await loaded(page)
    complaints.length = before
    t.equal(await tray(page).count(), 0)

    const created: string[] = []
    const offsets = new Map<string, number>()
    page.on('request', request => {
      const { pathname } = new URL(request.url())
      if (request.method() === 'POST' && pathname === '/api/uploads') created.push(pathname)
      if (request.method() === 'PATCH' && !offsets.has(pathname)) offsets.set(pathname, offsetOf(request))
    })
    await page.getByLabel('Films to upload').setInputFiles(films.map(({ file }) => file))
    await until(async () => (await read('/api/videos')).items.length === films.length, 'all films have arrived')

    const { items } = await read('/api/videos')
    for (const { name, hash } of films) {
      t.match(
        items.find(({ filename }: any) => filename === name),
        { sha256: hash, bytes: size },
        name
      )
    }
    t.strictSame(created, [], 'no upload began anew')
    t.equal(offsets.size, films.length)
    for (const offset of offsets.values()) t.ok(offset >= size / 2 && offset < size, `it went on at ${offset}`)
  })

  t.test('a film above the limit is refused before a byte of it leaves', async t => {
    const file = path.join(folder, 'too large.mp4')
    await writeFile(file, Buffer.alloc(largest + 1))
    const page = await visit('/videos')
    const bodies: string[] = []
    page.on('request', request => {
      if (request.method() !== 'GET' && request.url().includes('/api/uploads/')) bodies.push(request.url())
      if (request.postDataBuffer()?.length) bodies.push(request.url())
    })
    const before = complaints.length

    await page.getByLabel('Films to upload').setInputFiles(file)
    await tray(page).getByText('failed').waitFor()
    await becomes(t, () => tray(page).textContent(), new RegExp(`too large\\.mp4.*${largest}`, 's'))
    t.strictSame(bodies, [])
    t.equal((await read('/api/videos')).items.length, films.length)
    // The browser reports the refusal.
    t.ok(complaints.splice(before).every(text => /413/.test(text)))
  })

  t.strictSame(complaints, [])
})

/** Films that differ in their last bytes, which no player reads. */
async function makeFilms(folder: string) {
  const film = await shoot({ size: '320x240', seconds: 1 })
  return Promise.all(
    ['one.mp4', 'two.mp4', 'three.mp4'].map(async name => {
      const content = Buffer.concat([film, randomBytes(size - film.length)])
      const file = path.join(folder, name)
      await writeFile(file, content)
      return { name, file, hash: sha256(content) }
    })
  )
}

/** Holds the pieces from the middle of each film on until it is opened. */
function gateAtHalf() {
  const { promise, resolve } = Promise.withResolvers<void>()
  let held = 0
  return {
    held: () => held,
    open: resolve,
    async pass(route: { request(): Request; continue(): Promise<void> }) {
      if (route.request().method() === 'PATCH' && offsetOf(route.request()) >= size / 2) {
        held++
        await promise
      }
      await route.continue().catch(() => {})
    }
  }
}

function offsetOf(request: Request) {
  return Number(request.headers()['upload-offset'])
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  return port
}
