import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { shoot } from '../harness/clip.ts'
import { holds, loaded, openDashboard } from '../harness/dashboard.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'

t.test('in the dashboard', { skip: skipWithoutBrowser }, async t => {
  const fails = `log('it tried'); throw new Error('no')`
  const tells = `const { existsSync } = await import('node:fs')
    log('the first line')
    while (!existsSync(args.gate)) await delay(20, undefined, { signal })
    log('the second line')
    await delay(60_000, undefined, { signal })`
  const long = `return Array.from({ length: 9_000 }, (_, at) => ({ at, is: 'a record' }))`
  const folder = await taskFolder(t, {
    'long.mjs': taskModule('long', long),
    'fails.mjs': taskModule('fails', fails, 'max_retries: 0'),
    'tells.mjs': taskModule('tells', tells)
  })
  const env = { TASKS_DIR: folder }
  const service = await openService(t, { worker: true, env })
  const address = await service.listen()
  const { visit, complaints, pushes } = await openDashboard(t, address)

  t.test('a filter, its address and the API are one', async t => {
    const failed = await service.submit('fails', { a: 1 }, { name: 'the first' })
    await service.submit('add', { x: 1, y: 2 })
    await service.finished(failed)
    const page = await visit('/tasks')

    await page.getByRole('combobox', { name: 'Filter tasks' }).fill('status:failed kind:fails first')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${address}/ui/tasks?status=FAILED&task=fails&q=first`)
    const links = page.getByRole('table', { name: 'Tasks' }).getByRole('link')
    await page.locator('tr[data-id]').nth(1).waitFor({ state: 'detached' })
    await becomes(t, () => links.getAttribute('href'), `/ui/tasks/${failed}`)
    await page.reload()
    await loaded(page)
    await becomes(
      t,
      () => page.getByRole('combobox', { name: 'Filter tasks' }).inputValue(),
      'status:FAILED task:fails first'
    )
    await page.getByRole('button', { name: 'Drop status:FAILED' }).click()
    await page.waitForURL(`${address}/ui/tasks?task=fails&q=first`)
    await page.goBack()
    await page.waitForURL(/status=FAILED/)
    await page.getByRole('link', { name: /^COMPLETED/ }).click()
    await page.getByText('No task fits these filters').waitFor()
  })

  t.test('a task opens beside the list by keys, and Escape gives the focus back', async t => {
    const id = await service.submit('add', { x: 20, y: 22 })
    await service.finished(id)
    const page = await visit('/tasks')

    await page.keyboard.press('j')
    const focused = () => page.evaluate<string>(`document.activeElement.closest('tr')?.dataset.id`)
    await becomes(t, focused, id)
    await page.keyboard.press('Enter')
    const drawer = page.getByRole('complementary', { name: 'add' })
    await drawer.getByText('"x"').waitFor()
    t.equal(new URL(page.url()).searchParams.get('peek'), id)
    await page.keyboard.press('Escape')
    await drawer.waitFor({ state: 'detached' })
    await becomes(t, focused, id)
    await page.keyboard.press('o')
    await page.waitForURL(`${address}/ui/tasks/${id}`)
    await page.getByRole('tab', { name: 'Result', selected: true }).waitFor()
    await becomes(t, () => page.getByRole('region', { name: 'result' }).textContent(), /42/)
  })

  t.test('the log of a running task grows as one looks', async t => {
    const gate = path.join(service.dataDir, 'told')
    const id = await service.submit('tells', { gate })
    const page = await visit(`/tasks/${id}?tab=log`)

    const log = page.getByRole('region', { name: 'Log' })
    await log.getByText('the first line').waitFor()
    await writeFile(gate, '')
    await log.getByText('the second line').waitFor()
    await becomes(t, () => log.textContent(), 'the first line\nthe second line\n')
    await service.post(`/api/tasks/${id}/cancel?wait=20`)
  })

  t.test('of a large result the beginning is shown, and all of it when it is asked for', async t => {
    const id = await service.submit('long')
    const { result } = await service.finished(id)
    const page = await visit(`/tasks/${id}`)
    const shown = page.getByRole('region', { name: 'result' })
    const whole = JSON.stringify(result, undefined, 2)

    await becomes(t, () => shown.textContent(), `${whole.slice(0, 16_384)}…`)
    await page.getByRole('button', { name: /^Show all/ }).click()
    await page.getByRole('button', { name: /^Show all/ }).waitFor({ state: 'detached' })
    await becomes(t, () => shown.textContent(), whole)
  })

  t.test('new tasks wait above the rows until they are asked for', async t => {
    const page = await visit('/tasks')
    const first = await page.locator('tr[data-id]').first().getAttribute('data-id')

    const id = await service.submit('add', { x: 5, y: 5 })
    const more = page.getByRole('button', { name: '1 new' })
    await more.waitFor()
    t.equal(await page.locator('tr[data-id]').first().getAttribute('data-id'), first)
    await page.keyboard.press('n')
    await more.waitFor({ state: 'detached' })
    await becomes(t, () => page.locator('tr[data-id]').first().getAttribute('data-id'), id)
  })

  t.test('a failed task is retried, a running one cancelled', async t => {
    const failed = await service.submit('fails', { a: 2 })
    await service.finished(failed)
    const page = await visit(`/tasks/${failed}`)

    await page.getByRole('tab', { name: 'Log' }).click()
    await page.getByRole('region', { name: 'Log' }).getByText('it tried').waitFor()
    await page.getByRole('button', { name: 'Table' }).click()
    await page.getByRole('region', { name: 'Attempts' }).getByText('failure').waitFor()
    await page.getByRole('button', { name: /^Retry/ }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Retry/ })
      .click()
    await service.until(failed, ({ attempts, state }) => attempts === 2 && state === 'FAILURE')

    const running = await service.submit('sleep', { seconds: 600 })
    await service.until(running, ({ state }) => state === 'STARTED')
    await page.goto(`${address}/ui/tasks/${running}`)
    await page.getByRole('progressbar').first().waitFor()
    await becomes(t, () => page.getByRole('progressbar').first().getAttribute('aria-valuenow'), /^\d+$/)
    await page.getByRole('button', { name: /^Cancel/ }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Cancel/ })
      .click()
    await service.until(running, ({ state }) => state === 'REVOKED')
    await page.locator('main').getByText('CANCELLED').first().waitFor()
  })

  t.test('why a task waits is said, with the button that mends it', async t => {
    await service.post('/api/queues/low_priority/pause')
    const id = await service.submit('add', { x: 1, y: 1 }, { queue: 'low_priority' })
    const page = await visit(`/tasks/${id}`)

    const why = page.getByRole('region', { name: 'Why it does not run' })
    await why.getByText('is paused').waitFor()
    await why.getByRole('button', { name: /^Resume/ }).click()

    t.equal((await service.finished(id)).result, 2)
    await page.getByText('COMPLETED').first().waitFor()
  })

  t.test('the overview says in a sentence what is wrong, and a click mends it', async t => {
    const page = await visit('', { width: 360, height: 740 })
    await page.getByText(/^All well: 1 worker/).waitFor()

    await service.post('/api/queues/media/pause')
    const resume = page.getByRole('button', { name: /^Resume queue media/ }).first()
    await resume.click()

    await resume.waitFor({ state: 'detached' })
    await page.getByText(/^All well/).waitFor()
    const queues = (await service.get('/api/queues')).json().items
    t.equal(queues.find(({ name }: any) => name === 'media').paused, false)
  })

  t.test('a change made elsewhere is pushed to the page, which then asks no more', async t => {
    const page = await visit('/queues')
    await until(() => pushes().some(frame => frame.includes('"queues"')), 'the page is told of its queues')
    const questions: string[] = []
    page.on('request', request => {
      if (/\/api\/queues$/.test(request.url())) questions.push(request.url())
    })

    await service.post('/api/queues/media/pause')
    await page.getByRole('button', { name: 'Resume queue media' }).waitFor()
    await service.post('/api/queues/media/resume')
    await page.getByRole('button', { name: 'Pause queue media' }).waitFor()
    t.strictSame(questions, [])
  })

  t.test('a queue is paused and resumed', async t => {
    const page = await visit('/queues')

    await page.getByRole('button', { name: 'Pause queue media' }).click()
    const dialog = page.getByRole('dialog', { name: 'Pause queue media?' })
    await dialog.getByLabel('Reason').fill('the disk is full')
    await dialog.getByText(/None starts until it is resumed\.$/).waitFor()
    await dialog.getByLabel('For how long').selectOption('for an hour')
    await dialog.getByText(/None starts for an hour, unless it is resumed before\.$/).waitFor()
    await dialog.getByRole('button', { name: /^Pause/ }).click()
    await dialog.waitFor({ state: 'detached' })
    const card = page.getByRole('list', { name: 'Queues' }).getByRole('listitem').filter({ hasText: 'media' })
    await card.getByText(/^Paused for .* by 127\.0\.0\.1, resumes in .*the disk is full$/).waitFor()
    const queues = (await service.get('/api/queues')).json().items
    const { until, reason } = queues.find(({ name }: any) => name === 'media')
    t.equal(reason, 'the disk is full')
    t.ok(Math.abs(Date.parse(until) - Date.now() - 3_600_000) < 600_000)
    await page.getByRole('button', { name: 'Resume queue media' }).click()
    await page.getByRole('button', { name: 'Pause queue media' }).waitFor()
    t.equal(await page.getByRole('dialog').count(), 0)
  })

  t.test('a worker is steered', async t => {
    const page = await visit('/workers')

    await page.getByRole('slider', { name: /^Concurrency/ }).fill('3')
    await page.getByText('3 asked, 2 now').or(page.getByText(/^3$/)).waitFor()
    await page.getByRole('button', { name: /^Pause worker/ }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Pause/ })
      .click()
    // The page is told before the act has answered.
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: /^Resume worker/ }).click()
    await page.getByRole('button', { name: /^Pause worker/ }).waitFor()
    await becomes(t, async () => (await service.get('/api/workers')).json().items[0].concurrency, 3)
  })

  t.test('a task is made in a form; what does not fit is said at its field', async t => {
    const page = await visit('/new?task=add')

    await page.getByRole('textbox', { name: 'x', exact: true }).fill('four')
    await page.getByRole('button', { name: /^Create/ }).click()
    await page.getByText('must be number').waitFor()
    await page.getByRole('textbox', { name: 'x', exact: true }).fill('4')
    await page.getByLabel('Name').fill(`it's mine`)
    await becomes(t, () => page.getByLabel('Args').inputValue(), '{\n  "x": 4\n}')
    await page.getByLabel('Args').fill('{"x": 4, "y": 6}')
    await becomes(t, () => page.getByRole('textbox', { name: 'y', exact: true }).inputValue(), '6')
    await becomes(t, () => page.locator('pre').textContent(), /'\\''/, 'a shell can read it')
    await page.getByRole('button', { name: /^Create/ }).click()
    await page.waitForURL(/\/ui\/tasks\/[0-9a-f-]{36}$/)

    t.match(await service.finished(page.url().split('/').at(-1)!), { result: 10, name: `it's mine` })
  })

  t.test('a schedule is made, run, paused, changed and deleted', async t => {
    const page = await visit('/schedules/new')

    await page.getByLabel('Name').fill('nightly')
    await page.getByLabel('Cron').fill('30 2 * * 99')
    await page.getByText(/^cron /).waitFor()
    await page.getByLabel('Cron').fill('30 2 29 2 *')
    await page.getByLabel('Time zone').fill('Europe/Berlin')
    await page
      .getByText(/02:30:00$/)
      .first()
      .waitFor()
    await page.getByLabel('Kind').selectOption('add')
    await page.getByLabel('Args').fill('{"x": 1, "y": 2}')
    await page.getByRole('button', { name: /^Create/ }).click()
    await page.waitForURL(/\/ui\/schedules\/[0-9a-f-]{36}$/)
    await page.getByText('None has come yet.').waitFor()

    await page.getByRole('button', { name: /^Run now/ }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Run now/ })
      .click()
    await page.getByRole('link', { name: /^fired/ }).waitFor()
    await page.getByRole('button', { name: /^Pause/ }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Pause/ })
      .click()
    await page.getByRole('button', { name: /^Resume/ }).waitFor()
    t.equal((await service.get('/api/schedules/nightly')).json().enabled, false)
    await page.getByRole('link', { name: 'Edit' }).click()
    await page.getByLabel('Name').fill('each hour')
    await page.getByRole('button', { name: 'Every so often' }).click()
    await page.getByLabel('Seconds').fill('3600')
    await page.getByRole('button', { name: /^Save/ }).click()
    await page.getByRole('heading', { level: 1, name: 'each hour' }).waitFor()
    t.match((await service.get('/api/schedules/each%20hour')).json(), { every: 3600, cron: null, args: { x: 1, y: 2 } })
    await page.getByRole('button', { name: /^Delete/ }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Delete/ })
      .click()
    await page.waitForURL(`${address}/ui/schedules`)
    t.equal((await service.get('/api/schedules/each%20hour')).statusCode, 404)
  })

  t.test('a film is uploaded, made and played in each quality', async t => {
    const buffer = await shoot({ size: '320x240', seconds: 2 })
    const page = await visit('/videos')

    await page.getByLabel('Films to upload').setInputFiles({ name: 'mine.mp4', mimeType: 'video/mp4', buffer })
    await page.getByRole('region', { name: 'Uploads' }).getByText('mine.mp4').waitFor()
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Queues' }).click()
    await page.getByRole('region', { name: 'Uploads' }).getByText('ready').waitFor()
    await page.getByRole('region', { name: 'Uploads' }).getByRole('link', { name: 'mine.mp4' }).click()
    await page.getByRole('heading', { level: 1, name: 'mine.mp4' }).waitFor()

    await page.getByLabel('Quality').locator('option').first().waitFor({ state: 'attached' })
    await page.getByRole('button', { name: /^Play/ }).click()
    await holds(page, document => document.querySelector('.player video').currentTime > 0.3)
    await page.getByRole('button', { name: /^Pause/ }).waitFor()
    const [video] = (await service.get('/api/videos')).json().items
    t.match(video, { filename: 'mine.mp4', bytes: buffer.length, status: 'ready' })
    await page.getByRole('button', { name: /^Delete/ }).click()
    await page.getByRole('dialog').getByRole('textbox').fill('mine.mp4')
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Delete/ })
      .click()
    await page.waitForURL(`${address}/ui/videos`)
    t.equal((await service.get(`/api/videos/${video.id}`)).statusCode, 404)
  })

  t.test('errors that are alike are one, with a trend, and lead to the list of their tasks', async () => {
    const ids = await Promise.all([1, 2, 3].map(n => service.submit('fails', { a: n })))
    for (const id of ids) await service.finished(id)
    const page = await visit('/errors')

    await page.getByRole('listitem').locator('.group-trend path.spark-line').first().waitFor()
    const { items } = (await service.get('/api/errors?task=fails')).json()
    await page
      .getByRole('button', { name: `Retry all ${items[0].count} …` })
      .first()
      .click()
    await page.waitForURL(`${address}/ui/tasks?status=FAILED&task=fails&error=no`)
    await loaded(page)
    for (const id of ids) await page.locator(`a[href$="/tasks/${id}"]`).first().waitFor()
  })

  t.strictSame(
    complaints.filter(text => !text.includes('400 (Bad Request)')),
    []
  )
})
