import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { openPage, skipWithoutBrowser } from '../../harness/browser.ts'
import { openService } from '../../harness/service.ts'

// Types of the page, in which some of this runs.
declare const document: any

t.test(
  'a page on another port can neither read nor change anything; a listed one can',
  { skip: skipWithoutBrowser },
  async t => {
    const pages = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<title>a page</title>')
    )
    pages.listen(0, '127.0.0.1')
    await once(pages, 'listening')
    t.teardown(() => pages.close())
    const { port } = pages.address() as AddressInfo
    const listed = `http://localhost:${port}`
    const service = await openService(t, { env: { ALLOWED_ORIGINS: listed } })
    const address = await service.listen()
    const { id, task_id: task } = await service.keep('film')
    const { page } = await openPage(t, address)
    const isPaused = async () => (await service.get('/api/queues')).json().items.some(({ paused }: any) => paused)
    const before = (await service.get('/api/tasks')).json()

    // By its address it is a page of another site, by a name of this machine another origin of the same one, and a name
    // that was pointed here after it was loaded (DNS rebinding) is another host.
    for (const elsewhere of [`http://127.0.0.1:${port}`, `http://foreign.localhost:${port}`]) {
      await page.goto(elsewhere)
      const found = await page.evaluate(attack, { address, id, task })

      t.strictSame(found, {
        read: false,
        written: false,
        socket: false,
        events: false,
        film: false,
        client: false
      })
      t.equal(await isPaused(), false)
    }
    t.strictSame((await service.get('/api/tasks')).json(), before)
    t.equal((await service.get('/api/videos')).json().items.length, 1)

    await page.goto(listed)
    const allowed = await page.evaluate(attack, { address, id, task })
    t.match(allowed, { read: true, written: true, socket: true, events: true, client: true })
    t.equal(await isPaused(), true)
  }
)

/** This function runs in the page. */
async function attack({ address, id, task }: { address: string; id: string; task: string }) {
  const can = (promise: Promise<unknown>) => promise.then(Boolean, () => false)
  const pause = `${address}/api/queues/default/pause`
  const read = await can(fetch(`${address}/api/tasks`).then(response => response.json()))
  const written = await can(fetch(pause, { method: 'POST' }).then(response => response.ok))

  const film = new FormData()
  film.append('video', new Blob(['x']), 'evil.mp4')
  const noCors = { method: 'POST', mode: 'no-cors' } as const
  if (!written)
    await Promise.all([fetch(pause, noCors), fetch(`${address}/api/videos`, { ...noCors, body: film })]).catch(() => {})
  const frame = Object.assign(document.createElement('iframe'), { name: 'sink' })
  const form = Object.assign(document.createElement('form'), { method: 'post', action: pause, target: 'sink' })
  document.body.append(frame, form)
  if (!written) {
    form.submit()
    await new Promise(resolve => frame.addEventListener('load', resolve, { once: true }))
  }

  const opens = (target: EventTarget, good: string) =>
    new Promise<boolean>(resolve => {
      target.addEventListener(good, () => resolve(true), { once: true })
      target.addEventListener('error', () => resolve(false), { once: true })
    })
  const socket = new WebSocket(`${address.replace('http', 'ws')}/ws/tasks`)
  const events = new EventSource(`${address}/api/tasks/${task}/events`)
  const video = Object.assign(document.createElement('video'), { src: `${address}/api/videos/${id}/files/original` })
  const [isSocket, isEvents, isFilm, isClient] = await Promise.all([
    opens(socket, 'open'),
    opens(events, 'open'),
    opens(video, 'loadedmetadata'),
    can(import(`${address}/client.js`))
  ])
  socket.close()
  events.close()
  return { read, written, socket: isSocket, events: isEvents, film: isFilm, client: isClient }
}
