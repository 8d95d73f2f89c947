import t from 'tap'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { barriers, holds, loaded, openDashboard, sideways } from '../harness/dashboard.ts'
import { openFront } from '../harness/front.ts'
import { openService } from '../harness/service.ts'

const prefix = '/proxy/path'

/** Elements that move or would move, those that are no element included. */
const movements = `Array.from(document.querySelectorAll('*')).flatMap(element =>
  [undefined, '::before', '::after'].flatMap(part => {
    const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(element, part)
    const still = animationName === 'none' && /^(0s(, )?)+$/.test(transitionDuration) && scrollBehavior === 'auto'
    return still ? [] : [element.nodeName + ' ' + element.className + (part ?? '')]
  })
)`

t.test('everybody can use it', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true })
  const address = await service.listen()
  const { visit, complaints } = await openDashboard(t, address)
  const running = await service.submit('sleep', { seconds: 600 })
  await service.until(running, ({ state }) => state === 'STARTED')
  const film = await service.keep('no film')
  await service.finished(film.task_id)
  const paths = ['', '/tasks', `/tasks?peek=${running}`, `/tasks/${running}`, '/new', '/videos', `/videos/${film.id}`]
  paths.push('/queues', '/workers', '/schedules', '/schedules/new', '/errors', '/doctor', '/settings')

  t.test('by keys alone a task is reached, opened and cancelled, and the focus comes back', async t => {
    const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 3600 })
    const page = await visit('/tasks')
    const row = `tr[data-id="${id}"]`
    await page.locator(row).waitFor()
    const tabs = 200

    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    for (let tab = 0; tab < tabs && (await page.locator(`${row} a:focus`).count()) === 0; tab++) {
      await page.keyboard.press('Tab')
    }
    t.ok(await page.evaluate(`getComputedStyle(document.activeElement).outlineStyle !== 'none'`), 'the focus is seen')
    await page.keyboard.press('Enter')
    const drawer = page.getByRole('complementary', { name: 'add' })
    await drawer.getByText('"x"').waitFor()
    await drawer.locator(':focus').waitFor()
    const cancel = drawer.getByRole('button', { name: 'Cancel' })
    for (let tab = 0; tab < tabs && !(await cancel.evaluate(isFocused)); tab++) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    const yes = dialog.getByRole('button', { name: /^Cancel/ }).last()
    for (let tab = 0; tab < 10 && !(await yes.evaluate(isFocused)); tab++) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await drawer.getByText('CANCELLED').waitFor()
    t.equal((await service.get(`/api/tasks/${id}`)).json().state, 'REVOKED')
    await page.keyboard.press('Escape')
    await drawer.waitFor({ state: 'detached' })
    t.equal(await page.evaluate(`document.activeElement.closest('tr')?.dataset.id`), id)
  })

  t.test('nothing moves where the system asks for that', async t => {
    const moving = await (await visit('/tasks')).evaluate<string[]>(movements)
    t.ok(moving.length > 0, 'otherwise some things do')
    for (const path of paths) {
      const page = await visit(path, { reduced: true })
      t.strictSame(await page.evaluate(movements), [], path || '/')
    }
  })

  t.test('at 200 % nothing has to be scrolled sideways', async t => {
    for (const path of paths) {
      // A window of 1280 px has half of them when each is twice as large.
      const page = await visit(path, { width: 640, height: 400 })
      t.equal(await sideways(page), 0, path || '/')
    }
  })

  t.test('every page works below the path of a proxy', async t => {
    const { address: proxied, upgrades } = await openFront(t, address, { prefix })
    for (const path of paths) {
      const page = await visit(path, { address: proxied })
      const links = await page.evaluate<string[]>(
        `Array.from(document.querySelectorAll('a[href], img[src], video[src]'), e => new URL(e.href ?? e.src).pathname)`
      )
      t.strictSame(
        links.filter(link => !link.startsWith(`${prefix}/`)),
        [],
        path || '/'
      )
    }
    t.ok(upgrades() > 0, 'with a socket')
    const page = await visit('/tasks', { address: `${proxied}` })
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Queues' }).click()
    await page.waitForURL(`${proxied}/ui/queues`)
    await page.getByRole('button', { name: 'Pause queue media' }).click()
    await page.getByRole('button', { name: 'Resume queue media' }).click()
    await page.getByRole('button', { name: 'Pause queue media' }).waitFor()
    await page.reload()
    await loaded(page)
    t.equal(new URL(page.url()).pathname, `${prefix}/ui/queues`)
  })

  t.test('no page loses a word or a border in forced colours', async t => {
    for (const path of paths) {
      const page = await visit(path, { forced: true })
      await holds(page, ({ defaultView }) => defaultView.matchMedia('(forced-colors: active)').matches)
      t.strictSame(await barriers(page), [], path || '/')
    }
  })

  t.strictSame(complaints, [])
})

function isFocused(element: unknown) {
  return element === (globalThis as any).document.activeElement
}
