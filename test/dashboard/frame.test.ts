import t from 'tap'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { barriers, holds, openDashboard, sideways } from '../harness/dashboard.ts'
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
    t.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Tasks')
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
    t.equal(await focused(), 'Skip to content')
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
    t.equal(await page.getByRole('dialog').count(), 0)
    // Letters are text in a field.
    await page.getByRole('combobox', { name: 'Filter tasks' }).fill('')
    await page.keyboard.type('gt?')
    t.equal(await page.getByRole('combobox', { name: 'Filter tasks' }).inputValue(), 'gt?')
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

  t.test('says that the service is away, keeps what it shows, and comes back', async t => {
    const page = await visit('/tasks')
    const before = complaints.length

    await page.route('**/api/**', route => route.abort())
    await page.getByText('reconnecting').waitFor()
    t.ok(await page.getByRole('row').count())
    await page.unroute('**/api/**')
    await page.getByText('reconnecting').waitFor({ state: 'detached' })
    // The browser reports each request that did not get through.
    complaints.length = before
  })

  t.test('the theme is kept, and there is a page for an unknown address', async t => {
    const page = await visit('/nothing/here')
    t.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'There is no such page')

    const ground = () => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor')
    const light = await ground()
    await page.keyboard.press('t')
    await page.keyboard.press('t')
    t.equal(await page.getByRole('button', { name: 'Theme: dark' }).count(), 1)
    const dark = await ground()
    await page.reload()
    t.not(dark, light)
    t.equal(await ground(), dark)
    t.equal(await sideways(page), 0)
    t.strictSame(await barriers(page), [])
  })

  t.strictSame(complaints, [])
})
