import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Page, WebSocket } from 'playwright-core'
import t from 'tap'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { holds, loaded, openDashboard } from '../harness/dashboard.ts'
import { borrowDatabase } from '../harness/database.ts'
import { openFront } from '../harness/front.ts'
import { startProgram } from '../harness/program.ts'
import { openProxy } from '../harness/proxy.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'
import { openEar } from '../watch/clients.ts'

const hide = (hidden: boolean) => `
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${hidden} })
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => '${hidden ? 'hidden' : 'visible'}' })
  document.dispatchEvent(new Event('visibilitychange'))`
const hourAhead = `
  const Real = Date
  globalThis.Date = class extends Real {
    constructor(...given) { given.length > 0 ? super(...given) : super(Real.now() + 3_600_000) }
    static now() { return Real.now() + 3_600_000 }
  }`
const add = { x: 1, y: 2 }

t.test('a page of the dashboard', { skip: skipWithoutBrowser }, async t => {
  const whole = t
  // Two ways to one database: the pages' API loses its own.
  const url = await borrowDatabase(t)
  const elsewhere = await openService(t, { env: { DATABASE_URL: url }, worker: true })
  const proxy = await openProxy(t, url)
  const port = await freePort()
  const env = { DATABASE_URL: proxy.url, DATA_DIR: elsewhere.dataDir, PORT: String(port) }
  let api = await startProgram(t, 'api', { env })
  await api.heard(': http:')
  const address = `http://127.0.0.1:${port}`
  const front = await openFront(t, address)
  const { visit, complaints } = await openDashboard(t, address)
  const paused = (page: Page) => page.getByRole('button', { name: 'Resume queue media' })
  const running = (page: Page) => page.getByRole('button', { name: 'Pause queue media' })
  const pause = () => elsewhere.post('/api/queues/media/pause')
  const resume = () => elsewhere.post('/api/queues/media/resume')
  const banner = (page: Page) => page.getByText(/^data of \d\d:\d\d:\d\d, reconnecting$/)

  /** It has a socket that has told something. */
  async function visitLive(path: string, look: Parameters<typeof visit>[1] = {}) {
    let socket: WebSocket | undefined
    let told = 0
    const page = await visit(path, look)
    page.on('websocket', opened => {
      socket = opened
      opened.on('framereceived', () => told++)
    })
    await page.reload()
    await loaded(page)
    await until(() => told > 0, 'the page is told something')
    return { page, socket: () => socket! }
  }

  t.test('asks for nothing while it is hidden, and catches up when it is shown', async t => {
    const { page, socket } = await visitLive('/queues')
    const closed = socket().waitForEvent('close')
    await page.evaluate(hide(true))
    await closed
    const heard: string[] = []
    page.on('request', request => heard.push(request.url()))
    page.on('websocket', opened => heard.push(opened.url()))

    const ear = await openEar(t, address, '/ws/live')
    ear.raw.send(JSON.stringify({ topics: ['queues'] }))
    await pause()
    await ear.heard(({ queues }: any) => queues?.some(({ paused }: any) => paused))
    await until(() => ear.messages.length > 2, 'the API has said the time to another page')
    t.strictSame(heard, [])
    t.equal(await paused(page).count(), 0)

    await page.evaluate(hide(false))
    await paused(page).waitFor()
    await until(() => heard.some(url => url.endsWith('/ws/live')), 'it has a socket again')
    await resume()
    await running(page).waitFor()
  })

  t.test('says that it reconnects when its socket breaks, and is right meanwhile and afterwards', async t => {
    const { page } = await visitLive('/queues', { address: front.address })
    front.passSockets(false)
    await banner(page).waitFor()
    const before = complaints.length

    await pause()
    await paused(page).waitFor()
    // The fourth try without success: from then on it says that it polls.
    await page.getByText('Polling').waitFor()
    await resume()
    await running(page).waitFor()
    front.passSockets(true)
    // What is looked at anew tries at once.
    await page.evaluate(hide(true))
    await page.evaluate(hide(false))
    await page.getByText('Live', { exact: true }).waitFor()
    await pause()
    await paused(page).waitFor()
    await resume()
    // The browser reports each socket that was refused.
    t.ok(complaints.splice(before).every(text => text.includes('/ws/live')))
  })

  t.test('shows changes where a proxy passes no WebSocket', async t => {
    await elsewhere.submit('add', add)
    front.passSockets(false)
    const before = complaints.length
    const page = await visit('/tasks', { address: front.address })
    const asked = front.upgrades()
    await until(() => front.upgrades() > asked || front.upgrades() > 1, 'it has asked for a socket')

    const id = await elsewhere.submit('add', add, { countdown: 3600 })
    await page.getByRole('button', { name: /^\d+ new$/ }).click()
    const row = page.locator(`tr[data-id="${id}"]`)
    await row.getByText('SCHEDULED').waitFor()
    await elsewhere.post(`/api/tasks/${id}/cancel`)
    await row.getByText('CANCELLED').waitFor()
    front.passSockets(true)
    t.ok(complaints.splice(before).every(text => text.includes('/ws/live')))
  })

  t.test('says how old its data is while the database is away, and is right afterwards', async t => {
    const { page } = await visitLive('/queues')
    const before = complaints.length
    proxy.cut()

    await banner(page).waitFor()
    await running(page).waitFor()
    await pause()
    // A few seconds of an outage.
    await until(() => proxy.refused() > 20, 'the API has tried to come back')
    await banner(page).waitFor()
    proxy.restore()
    await banner(page).waitFor({ state: 'detached' })
    await paused(page).waitFor()
    await resume()
    await running(page).waitFor()
    t.ok(complaints.splice(before).every(text => /503|\/ws\/live/.test(text)))
  })

  t.test('survives a kill of the server, which comes back at the same port', async t => {
    const id = await elsewhere.submit('add', add, { countdown: 3600 })
    const { page } = await visitLive('/tasks')
    await page.evaluate(`globalThis.mark = 'not loaded again'`)
    const before = complaints.length
    api.kill('SIGKILL')
    await api.exited

    await banner(page).waitFor()
    await elsewhere.post(`/api/tasks/${id}/cancel`)
    api = await startProgram(whole, 'api', { env })
    await api.heard(': http:')
    await banner(page).waitFor({ state: 'detached' })
    await page.locator(`tr[data-id="${id}"]`).getByText('CANCELLED').waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
    t.equal(await page.evaluate('globalThis.mark'), 'not loaded again')
    t.ok(complaints.splice(before).every(text => /ERR_|\/ws\/live/.test(text)))
  })

  t.test('says plainly what another tab has done already', async t => {
    const id = await elsewhere.submit('add', add, { countdown: 3600 })
    const pages = [await visit(`/tasks/${id}`), await visit(`/tasks/${id}`, { beside: true })]
    const before = complaints.length
    for (const [act, said, again] of [
      ['Cancel', 'Cancelled; nothing of it runs any more', 'The task has finished already, as REVOKED'],
      ['Retry', 'It waits for a worker again', 'can be retried; this one is']
    ] as const) {
      for (const page of pages) await page.getByRole('button', { name: act, exact: true }).click()
      for (const [index, page] of pages.entries()) {
        await page.bringToFront()
        await page
          .getByRole('dialog')
          .getByRole('button', { name: new RegExp(`^${act}`) })
          .click()
        await page
          .getByRole('status')
          .getByText(index === 0 ? said : again)
          .waitFor()
        await page.getByRole('dialog').waitFor({ state: 'detached' })
      }
      const status = act === 'Cancel' ? 'CANCELLED' : /PENDING|PROCESSING|COMPLETED/
      for (const page of pages) await page.getByRole('main').getByText(status).first().waitFor()
    }
    t.ok(complaints.splice(before).every(text => text.includes('409')))
    await pages[0]!.close()
  })

  t.test('counts from the time of the server, whatever the clock of its machine says', async t => {
    const id = await elsewhere.submit('add', add)
    await elsewhere.finished(id)
    const { page } = await visitLive('/tasks', { script: hourAhead })

    const age = page.locator(`tr[data-id="${id}"] td.col-submitted`)
    await becomes(t, () => age.textContent(), /^(now|\d+ s ago)$/)
    await elsewhere.submit('add', add, { countdown: 600 })
    await page.getByRole('button', { name: /^\d+ new$/ }).click()
    await page.getByText(/^in (10|9) min$/).waitFor()
    await page.getByRole('button', { name: 'Live: stop updates' }).click()
    await holds(page, document => /^Stopped \d{1,2} s ago$/.test(document.querySelector('.live-text').textContent))
    await page.getByRole('button', { name: 'Updates are stopped: go on' }).click()
  })

  t.test('shows what SQL has changed', async t => {
    const { page } = await visitLive('/tasks')
    const { rows } = await elsewhere.db.pool.query(
      `select id from ops.enqueue_task('add', '{"x": 1, "y": 2}', run_at => now() + interval '1 hour')`
    )

    await page.getByRole('button', { name: '1 new' }).click()
    const row = page.locator(`tr[data-id="${rows[0].id}"]`)
    await row.getByText('SCHEDULED').waitFor()
    await elsewhere.db.pool.query('select ops.cancel_task($1)', [rows[0].id])
    await row.getByText('CANCELLED').waitFor()
    t.pass('each is on the page')
  })

  t.strictSame(complaints, [])
})

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  return port
}
