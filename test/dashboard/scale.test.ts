import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import t from 'tap'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { holds, loaded, openDashboard } from '../harness/dashboard.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

const many = 100_000
// Pages that are loaded, and rows of each.
const [pages, ofPage] = [50, 100]
const rowsInAll = pages * ofPage

const desktop = { width: 1440, height: 900 }
const phone = { width: 360, height: 740 }

const watchPage = `
  globalThis.shifts = []
  new PerformanceObserver(list => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      if (hadRecentInput) continue
      const moved = Array.from(sources, ({ node, previousRect: { y }, currentRect }) =>
        [node?.nodeName, node?.className, y, currentRect.y].join(' '))
      shifts.push({ value, moved })
    }
  }).observe({ type: 'layout-shift', buffered: true })
  globalThis.told = 0
  const Own = WebSocket
  globalThis.WebSocket = class extends Own {
    constructor(...given) {
      super(...given)
      this.addEventListener('message', () => told++)
    }
  }`

/** The rows that are drawn, by their places, and a step towards the end of the list. */
const step = `(async () => {
  const drawn = Array.from(document.querySelectorAll('tr[data-id]'), ({ dataset }) => [dataset.index, dataset.id])
  const rows = document.querySelectorAll('tr').length
  const frame = () => new Promise(resolve => {
    requestAnimationFrame(resolve)
    setTimeout(resolve, 500)
  })
  scrollBy(0, 900)
  await frame()
  await frame()
  return { drawn, rows }
})()`

// Milliseconds without a new row: Chromium on a busy machine may stop to draw a tab until it is asked for a picture.
const [stalled, longest] = [10_000, 120_000]

/** Scrolls to the end again and again, as fast as pages come, and answers each row that was drawn, by its place. */
async function scrollThrough(page: Page) {
  const seen = new Map<number, string>()
  let mostRows = 0
  for (let newAt = performance.now(); seen.size < rowsInAll; ) {
    const looked = page.evaluate<{ drawn: [string, string][]; rows: number }>(step)
    const answer = await Promise.race([looked, delay(longest, undefined, { ref: false })])
    if (!answer) throw new Error('The page is busy and does not answer')
    const before = seen.size
    for (const [index, id] of answer.drawn) seen.set(Number(index), id)
    mostRows = Math.max(mostRows, answer.rows)
    const waited = performance.now() - newAt
    if (seen.size > before) newAt = performance.now()
    else if (waited > longest) throw new Error(`There are no more rows after ${seen.size}: ${await sight(page)}`)
    else if (waited > stalled) await page.screenshot()
  }
  const ids = [...seen].toSorted(([one], [other]) => one - other).map(([, id]) => id)
  return { ids: ids.slice(0, rowsInAll), mostRows }
}

/** Scrolls to the end until the list has so many rows. */
async function growTo(page: Page, rows: number) {
  const began = performance.now()
  for (;;) {
    const says = await page.evaluate<string>(`(() => {
      scrollTo(0, document.documentElement.scrollHeight)
      return document.querySelector('main').innerText
    })()`)
    if (says.includes(`${rows} tasks so far`)) return
    if (performance.now() - began > longest) throw new Error(`There are not ${rows} rows: ${await sight(page)}`)
    if (performance.now() - began > stalled) await page.screenshot()
    await delay(100)
  }
}

function sight(page: Page) {
  return page.evaluate<string>(`JSON.stringify({ scrollY, height: document.body.scrollHeight, seen: document.visibilityState,
    asked: performance.getEntriesByType('resource').slice(-5).map(({ name, duration }) => [name, duration]),
    says: document.querySelector('main').innerText.slice(0, 300) })`)
}

t.test('among 100,000 tasks', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true })
  const { pool } = service.db
  // 250 of each millisecond: ties span pages.
  await pool.query(
    `insert into darkroom.tasks (id, task, queue, state, result_expires, args, created_at, started_at, finished_at)
    select gen_random_uuid(), 'add', 'default', case when n % 10 = 0 then 'FAILURE' else 'SUCCESS' end, 86400, '{"x": 1}',
      at, at, at + interval '2 s'
    from (
      select n, date_trunc('milliseconds', now()) - interval '1 hour' - n / 250 * interval '1 ms' as at
      from generate_series(0, ${many - 1}) n
    ) task`
  )
  await pool.query('analyze darkroom.tasks')
  const address = await service.listen()
  const { visit, complaints } = await openDashboard(t, address)
  const shifts = async (page: Page) =>
    (await page.evaluate<{ value: number; moved: string[] }[]>('shifts')).filter(({ value }) => value >= 0.01)

  t.test('each is shown once, also those of one millisecond, and few rows are drawn', async t => {
    const page = await visit('/tasks', { script: watchPage })
    const { ids, mostRows } = await scrollThrough(page)
    const { rows } = await pool.query(
      `select id from darkroom.tasks where task = 'add' order by created_at desc, id desc limit ${rowsInAll}`
    )

    t.strictSame(
      ids,
      rows.map(({ id }) => id)
    )
    t.ok(mostRows <= 700, `${mostRows} rows were drawn`)
    // The line below the rows makes way for those that are loaded.
    const elsewhere = (await shifts(page)).filter(({ moved }) => !moved.every(what => what.startsWith('P list-head')))
    t.strictSame(elsewhere, [])
  })

  t.test('the way back and a reload lead to the same place of the list', async t => {
    const page = await visit('/tasks?status=FAILED')
    for (let count = 2; count <= 4; count++) await growTo(page, count * ofPage)
    const row = page.locator('tr[data-index="222"]')
    await page.evaluate('scrollTo(0, 8000)')
    const id = await row.getAttribute('data-id')
    const place = async () => {
      await row.waitFor()
      await holds(page, document => Math.abs(document.defaultView.scrollY - 8000) <= 1)
      return row.getAttribute('data-id')
    }
    await holds(page, document => document.defaultView.history.state.scroll === 8000)

    await page.locator(`tr[data-id="${id}"]`).getByRole('link').focus()
    await page.keyboard.press('o')
    await page.waitForURL(`${address}/ui/tasks/${id}`)
    await loaded(page)
    await service.submit('add', { x: 1, y: 2 })
    await page.goBack()
    t.equal(await place(), id, 'back')
    await page.reload()
    t.equal(await place(), id, 'reload')
    await page.evaluate('scrollTo(0, 0)')
    await page.locator('tr[data-index="0"]').click()
    await page.getByRole('complementary', { name: 'add' }).waitFor()
    await page.reload()
    await page.getByRole('complementary', { name: 'add' }).waitFor()
    t.equal(await page.evaluate('scrollY'), 0)
  })

  t.test('nothing moves by itself on these pages, whatever changes', async t => {
    const running = await service.submit('sleep', { seconds: 600 })
    await service.until(running, ({ state }) => state === 'STARTED')
    const film = await service.keep('no film')
    await service.finished(film.task_id)
    const [worker] = (await service.get('/api/workers')).json().items
    const paths = ['', '/tasks', `/tasks/${running}`, '/new', '/videos', `/videos/${film.id}`, '/queues', '/workers']
    const others = [`/workers/${worker.id}`, '/schedules', '/schedules/new', '/errors', '/doctor']
    // All at once: each change reaches every tab.
    for (const { width, height } of [desktop, phone]) {
      const tabs = new Map<string, Page>()
      for (const path of [...paths, ...others]) {
        tabs.set(path, await visit(path, { script: watchPage, width, height, beside: tabs.size > 0 }))
      }
      const told = async () => Promise.all([...tabs.values()].map(page => page.evaluate<number>('told')))
      const before = await told()
      await service.finished(await service.submit('add', { x: 1, y: 2 }))
      await service.patch(`/api/workers/${worker.id}`, { concurrency: 3 })
      await service.post('/api/queues/low_priority/pause')
      await service.submit('add', { x: 1, y: 2 }, { queue: 'low_priority' })
      await until(async () => (await told()).every((now, at) => now > before[at]! + 1), 'every tab is told')
      await service.patch(`/api/workers/${worker.id}`, { concurrency: 2 })
      await service.post('/api/queues/low_priority/resume')
      for (const [path, page] of tabs) {
        // There a problem comes first, with the button that mends it, and the rest makes room.
        if (path === '' && width === phone.width) continue
        t.strictSame(await shifts(page), [], `${path || '/'}, ${width} px`)
      }
      // A tab that is not in front measures, too.
      const [behind] = tabs.values()
      await behind!.evaluate(`document.querySelector('main').style.marginTop = '200px'`)
      await until(async () => (await shifts(behind!)).length > 0, 'a move is noticed')
      for (const page of [...tabs.values()].slice(0, -1)) await page.close()
    }
  })

  t.strictSame(complaints, [])
})
