import type { Page } from 'playwright-core'
import t from 'tap'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { barriers, holds, loaded, openDashboard, sideways } from '../harness/dashboard.ts'
import { openFront } from '../harness/front.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

const prefix = '/proxy/path'

/** Elements that move or would move, those that are no element included. */
const movements = `Array.from(document.querySelectorAll('*')).flatMap(element =>
  [undefined, '::before', '::after'].flatMap(part => {
    const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(element, part)
    const still = animationName === 'none' && /^(0s(, )?)+$/.test(transitionDuration) && scrollBehavior === 'auto'
    return still ? [] : [element.nodeName + ' ' + element.className + (part ?? '')]
  })
)`

/** Where links and pictures lead. */
const addresses = `Array.from(document.querySelectorAll('a[href], img[src], video[src]'), element =>
  new URL(element.href ?? element.src)).filter(({ protocol }) => protocol.startsWith('http')).map(url => url.pathname)`

/** Marks whose colour says something, and that forced colours have made invisible. */
const lostMarks = `Array.from(document.querySelectorAll('.verdict-mark, .status svg, .slot, .progress, .progress > *'))
  .filter(element => {
    const { backgroundColor, borderTopWidth, color } = getComputedStyle(element)
    const ground = getComputedStyle(document.documentElement).backgroundColor
    const isDrawing = element instanceof SVGElement
    if (element.getBoundingClientRect().width === 0) return false
    return isDrawing ? color === ground : borderTopWidth === '0px' && [ground, 'rgba(0, 0, 0, 0)'].includes(backgroundColor)
  }).map(element => element.outerHTML.slice(0, 120))`

t.test('everybody can use it', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true })
  const address = await service.listen()
  const { address: proxied, upgrades } = await openFront(t, address, { prefix })
  const { visit, complaints } = await openDashboard(t, address)
  const running = await service.submit('sleep', { seconds: 600 })
  await service.until(running, ({ state }) => state === 'STARTED')
  const film = await service.keep('no film')
  await service.finished(film.task_id)

  t.test('by keys alone a task is reached, opened and cancelled, and the focus comes back', async t => {
    const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 3600 })
    const page = await visit('/tasks')
    const row = page.locator(`tr[data-id="${id}"]`)

    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await tabTo(page, `tr[data-id="${id}"] a`)
    t.not(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none', 'the focus is seen')
    await page.keyboard.press('Enter')
    const drawer = page.getByRole('complementary', { name: 'add' })
    await drawer.getByText('"x"').waitFor()
    await tabTo(page, '.drawer .button.danger, .drawer button', 'Cancel')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await tabTo(page, 'dialog button', 'Cancel task')
    await page.keyboard.press('Enter')
    await drawer.getByText('CANCELLED', { exact: true }).waitFor()
    t.equal((await service.get(`/api/tasks/${id}`)).json().state, 'REVOKED')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('Escape')
    await drawer.waitFor({ state: 'detached' })
    await row.locator('a:focus').waitFor()
  })

  t.test('each key of the list of keys does what the list says', async t => {
    const cancelled = await service.submit('add', { x: 1, y: 2 }, { countdown: 3600 })
    await service.post(`/api/tasks/${cancelled}/cancel`)
    const last = await service.submit('add', { x: 1, y: 2 })
    await service.finished(last)
    const page = await visit('')
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key)
    }
    const places = { o: '', t: '/tasks', f: '/videos', s: '/schedules', q: '/queues', w: '/workers', e: '/errors' }
    for (const [key, path] of Object.entries({
      ...places,
      p: '/problems',
      b: '/bulk',
      h: '/webhooks',
      k: '/keys',
      a: '/audit',
      d: '/doctor',
      u: '/videos'
    })) {
      await press(...(key === 'u' ? ['u'] : ['g', key]))
      await page.waitForURL(`${address}/ui${path}`)
    }
    await press('g', 't')
    await page.locator('tr[data-id]').nth(1).waitFor()
    await press('/')
    await holds(page, document => document.activeElement.matches('[data-filter]'))
    await press('Escape', 'Escape', 'j', 'j', 'k')
    await holds(page, document => document.activeElement.closest('tr')?.dataset.index === '0')
    await press('x')
    await page.locator('tr[data-index="0"] input:checked').waitFor()
    await press('x', 'a')
    const all = page.getByRole('dialog', { name: 'All tasks that match' })
    await all.waitFor()
    await press('Escape')
    await all.waitFor({ state: 'detached' })
    await press('Enter')
    const drawer = page.locator('.drawer')
    await drawer.getByText('COMPLETED', { exact: true }).waitFor()
    const shown = (id: string) => page.waitForURL(url => url.searchParams.get('peek') === id)
    const dialog = page.getByRole('dialog')
    await shown(last)
    await press(']')
    await shown(cancelled)
    await drawer.getByText('CANCELLED', { exact: true }).waitFor()
    await press('r')
    await dialog.getByRole('button', { name: 'Retry task' }).waitFor()
    await press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await press('[')
    await shown(last)
    await press('Escape')
    await drawer.waitFor({ state: 'detached' })
    await page.locator(`tr[data-id="${running}"] a`).focus()
    await press('c')
    await dialog.getByRole('button', { name: 'Cancel task' }).waitFor()
    await press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await press('o')
    await page.waitForURL(`${address}/ui/tasks/${running}`)
    await page.getByRole('button', { name: 'Table', pressed: false }).waitFor()
    await press('v')
    await page.getByRole('button', { name: 'Table', pressed: true }).waitFor()
    await press('p')
    await page.getByRole('button', { name: 'Updates are stopped: go on' }).waitFor()
    await press('p', 't')
    await page.getByRole('button', { name: 'Theme: light' }).waitFor()
    await press('?')
    const keys = page.getByRole('dialog', { name: 'Keys' }).locator('kbd')
    await keys.first().waitFor()
    const listed = await keys.allTextContents()
    t.equal(listed.length, 17, 'a key more has to be pressed here')
    await press('Escape')
  })

  const paths = ['', '/tasks', `/tasks?peek=${running}`, `/tasks/${running}`, '/new', '/videos', `/videos/${film.id}`]
  paths.push(
    '/queues',
    '/workers',
    '/schedules',
    '/schedules/new',
    '/errors',
    '/webhooks',
    '/keys',
    '/audit',
    '/doctor',
    '/settings'
  )

  t.test('every page works below the path of a proxy, with large letters and without movement', async t => {
    for (const path of paths) {
      const page = await visit(path, { address: proxied })
      const outside = (await page.evaluate<string[]>(addresses)).filter(path => !path.startsWith(`${prefix}/`))
      t.strictSame(outside, [], `${path || '/'} stays below the path`)
      if (path === '/tasks') t.ok((await page.evaluate<string[]>(movements)).length > 0, 'otherwise some things move')
      await page.emulateMedia({ reducedMotion: 'reduce' })
      t.strictSame(await page.evaluate(movements), [], `${path || '/'} does not move`)
      // A window of 1280 px has half of them when each is twice as large.
      await page.setViewportSize({ width: 640, height: 400 })
      t.equal(await sideways(page), 0, `${path || '/'} is not scrolled sideways`)
      await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' })
      t.strictSame(await page.evaluate(lostMarks), [], `${path || '/'} keeps its marks in forced colours`)
    }
    await until(() => upgrades() > 0, 'with a socket')
  })

  t.test('below that path one walks, acts and reloads', async t => {
    const page = await visit('/tasks', { address: proxied, forced: true })
    t.strictSame(await barriers(page), [], 'in forced colours, too')
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Queues' }).click()
    await page.waitForURL(`${proxied}/ui/queues`)
    await page.getByRole('button', { name: 'Pause queue media' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: /^Pause/ }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Resume queue media' }).click()
    await page.getByRole('button', { name: 'Pause queue media' }).waitFor()
    await page.reload()
    await loaded(page)
    t.equal(new URL(page.url()).pathname, `${prefix}/ui/queues`)
    t.strictSame(await barriers(page), [])
  })

  t.strictSame(complaints, [])
})

/** Presses Tab until the element has the focus; a page without it ends the test. */
async function tabTo(page: Page, selector: string, text = '') {
  const document = await page.evaluateHandle<any>('document')
  const arrived = () =>
    document.evaluate(
      ({ activeElement }, { selector, text }) =>
        activeElement.matches(selector) && (text === '' || activeElement.textContent === text),
      { selector, text }
    )
  for (let tabs = 0; tabs < 120; tabs++) {
    if (await arrived()) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not lead to ${selector} ${text}`)
}
