import t from 'tap'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { barriers, holds, loaded, openDashboard, sideways } from '../harness/dashboard.ts'
import { openFront } from '../harness/front.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

t.test('the frame', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true })
  const address = await service.listen()
  const { visit, complaints, pushes } = await openDashboard(t, address)

  t.test('works below any path of a proxy', async t => {
    const { address: proxied } = await openFront(t, address, { prefix: '/tools/films' })
    const page = await visit('/tasks', { address: proxied })

    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Queues' }).click()
    await page.waitForURL(`${proxied}/ui/queues`)
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'Tasks' }).waitFor()
    const pushed = page.waitForEvent('websocket')
    await page.reload()
    const before = pushes().length
    await page
      .getByRole('link', { name: /^COMPLETED/ })
      .first()
      .waitFor()
    t.equal((await pushed).url(), `${proxied.replace('http', 'ws')}/ws/live`)
    await until(() => pushes().length > before, 'the page is told something after its reload')
  })

  t.test('the list is asked for while the scripts come, once', async t => {
    const { address: proxied } = await openFront(t, address, { prefix: '/tools/films' })
    const asked: string[] = []
    const warnings: string[] = []
    await visit('/tasks', {
      address: proxied,
      before: async page => {
        page.on('request', request => asked.push(request.url().slice(proxied.length)))
        page.on('console', message => message.type() === 'warning' && warnings.push(message.text()))
      }
    })
    await until(() => asked.includes('/api/problems'), 'it asks for problems')
    t.equal(asked.filter(url => url === '/api/tasks?limit=100').length, 1)
    t.ok(asked.indexOf('/api/tasks?limit=100') < asked.indexOf('/api/problems'))
    t.strictSame(warnings, [])
  })

  t.test('title and icon tell what is wrong, on every page', async t => {
    const page = await visit('/tasks')
    await holds(page, document => document.title === 'Tasks · Darkroom')
    const well = await page.locator('link[rel=icon]').getAttribute('href')

    await service.post('/api/queues/low_priority/pause')
    await service.submit('process_data', { data: '' }, { queue: 'low_priority' })
    await holds(page, document => /^\(\d+!\) Tasks · Darkroom$/.test(document.title))

    t.not(await page.locator('link[rel=icon]').getAttribute('href'), well)
    await service.post('/api/queues/low_priority/resume')
    await holds(page, document => document.title === 'Tasks · Darkroom')
  })

  t.test('is used without a mouse', async t => {
    const page = await visit('/tasks')
    const focused = () => page.evaluate<string>(`document.activeElement.textContent`)

    await page.keyboard.press('Tab')
    await becomes(t, focused, 'Skip to content')
    await page.keyboard.press('Control+k')
    const palette = page.getByRole('combobox', { name: 'Search or jump to' })
    await palette.fill('doc')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${address}/ui/doctor`)
    await page.keyboard.press('g')
    await page.keyboard.press('t')
    await page.waitForURL(`${address}/ui/tasks`)
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    // Letters are text in a field.
    await page.getByRole('combobox', { name: 'Filter tasks' }).fill('')
    await page.keyboard.type('gt?')
    await becomes(t, () => page.getByRole('combobox', { name: 'Filter tasks' }).inputValue(), 'gt?')
  })

  t.test('an id that is pasted leads to what has it', async t => {
    const id = await service.submit('add', { x: 1, y: 2 })
    const page = await visit('/tasks')

    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search or jump to' }).fill(id)
    await page.keyboard.press('Enter')
    await page.waitForURL(`${address}/ui/tasks/${id}`)
    t.pass('it went there')
  })

  t.test('says that the service is away, keeps what it shows, and comes back', async () => {
    const page = await visit('/tasks')
    const before = complaints.length

    await page.route('**/api/**', route => route.abort())
    await page.getByText('reconnecting').waitFor()
    await page.getByRole('row').nth(1).waitFor()
    await page.unroute('**/api/**')
    await page.getByText('reconnecting').waitFor({ state: 'detached' })
    // The browser reports each request that did not get through.
    complaints.length = before
  })

  t.test('the theme is kept, and there is a page for an unknown address', async t => {
    const page = await visit('/nothing/here')
    const unknown = page.getByRole('heading', { level: 1, name: 'There is no such page' })
    await unknown.waitFor()
    // No id is encoded like that.
    await page.goto(`${address}/ui/tasks/%E0%A4%A`)
    await unknown.waitFor()

    const ground = () => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor')
    const light = await ground()
    await page.keyboard.press('t')
    await page.keyboard.press('t')
    await page.getByRole('button', { name: 'Theme: dark' }).waitFor()
    await until(async () => (await ground()) !== light, 'the page is dark')
    const dark = await ground()
    await page.reload()
    await loaded(page)
    await becomes(t, ground, dark)
    t.equal(await sideways(page), 0)
    t.strictSame(await barriers(page), [])
  })

  t.strictSame(complaints, [])
})
