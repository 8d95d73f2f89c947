import type { Page } from 'playwright-core'
import t from 'tap'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { barriers, loaded, openDashboard, sideways } from '../harness/dashboard.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

t.test('keys in the dashboard', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true })
  const address = await service.listen()
  const { visit, complaints, pushes } = await openDashboard(t, address)
  const failed = await service.submit('add', { x: 1, y: 2 }, { countdown: 3600 })
  await service.post(`/api/tasks/${failed}/cancel`)
  let admin = {}
  const send = async (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) =>
    (await service.api.app.inject({ method, url, headers: admin, ...(payload && { payload }) })).json()

  /** Makes a key by the form, and leaves the dialog open that shows it. */
  async function make(page: Page, fill: (drawer: ReturnType<Page['getByRole']>) => Promise<void>) {
    await page.getByRole('link', { name: 'New key' }).click()
    const drawer = page.getByRole('complementary', { name: 'New key' })
    await fill(drawer)
    await drawer.getByRole('button', { name: 'Create' }).click()
    return (await page.getByRole('dialog').getByRole('region', { name: 'Key', exact: true }).textContent())!
  }
  async function signIn(page: Page, key: string) {
    const dialog = page.getByRole('dialog', { name: 'Sign in' })
    await dialog.getByLabel('Key', { exact: true }).fill(key)
    await page.keyboard.press('Enter')
    return dialog
  }

  t.test('the first one closes the service, and the page signs in with it', async t => {
    const page = await visit('/keys')
    await page.getByText('No key is needed now').waitFor()
    await page.getByText('There are no keys yet').waitFor()
    const key = await make(page, async drawer => {
      t.strictSame(await barriers(page), [])
      await drawer.getByLabel('Name').fill('anna')
      await becomes(t, () => drawer.getByLabel('It may').inputValue(), 'admin')
    })
    admin = { authorization: `Bearer ${key}` }
    // Meanwhile every question of the page is refused, and no other dialog covers the key.
    await becomes(t, async () => (await service.get('/api/tasks')).statusCode, 401)
    await page.evaluate(`fetch('../api/tasks')`)
    t.strictSame(await page.getByRole('dialog').getByRole('heading').allTextContents(), ['The key is made'])
    await page.getByRole('button', { name: 'Copied: sign in with it' }).click()
    await page.getByRole('list', { name: 'Keys' }).getByText('this session').waitFor()
    await page.getByRole('button', { name: 'anna', exact: true }).waitFor()
    await page.getByRole('button', { name: 'Live: stop updates' }).waitFor()
    const kept = await page.evaluate<string>(`document.cookie + JSON.stringify(localStorage) + document.body.innerHTML`)
    t.notMatch(kept, key.slice(-20), 'the browser keeps it nowhere')
  })

  t.test('one is made with scopes and limits, rotated and revoked', async t => {
    const page = await visit('/keys')
    const dialog = page.getByRole('dialog')
    await make(page, async drawer => {
      await drawer.getByLabel('Name').fill('shop')
      await drawer.getByLabel('It may').selectOption('scopes of your choice')
      await drawer.getByRole('checkbox', { name: /^submit/ }).check()
      await drawer.getByLabel('It ends after').selectOption('a week')
      await drawer.getByText('Limits').click()
      await drawer.getByRole('checkbox', { name: 'add', exact: true }).check()
      await drawer.getByLabel('Highest priority').fill('ten')
      await drawer.getByRole('button', { name: 'Create' }).click()
      await drawer.locator('.wrong').waitFor()
      await drawer.getByLabel('Highest priority').fill('3')
      await drawer.getByLabel('Networks').fill('127.0.0.0/8, ::1')
    })
    await dialog.getByRole('button', { name: 'I have copied it' }).click()
    const { items } = await send('GET', '/api/keys')
    t.match(items[0], {
      name: 'shop',
      scopes: ['read', 'submit'],
      limits: { kinds: ['add'], max_priority: 3, networks: ['127.0.0.0/8', '::1'] },
      created_by: 'anna'
    })
    t.ok(Math.abs(Date.parse(items[0].expires_at) - Date.now() - 7 * 86_400_000) < 600_000)

    const row = page.getByRole('listitem').filter({ hasText: 'shop' })
    await row.getByText('expiring').waitFor()
    await row.getByRole('button', { name: 'Rotate shop' }).click()
    await dialog.getByLabel('The old one works for').selectOption('an hour')
    await dialog.getByRole('button', { name: 'Rotate key' }).click()
    const next = await dialog.getByRole('region', { name: 'Key', exact: true }).textContent()
    await dialog.getByRole('button', { name: 'I have copied it' }).click()
    t.equal((await service.get('/api/tasks', { authorization: `Bearer ${next}` })).statusCode, 200)
    await page.getByRole('button', { name: 'Revoke shop' }).first().click()
    await dialog.getByRole('button', { name: 'Revoke key' }).click()
    await page.getByRole('list', { name: 'Ended keys' }).getByText('revoked').waitFor()
    await becomes(t, async () => (await service.get('/api/tasks', { authorization: `Bearer ${next}` })).statusCode, 401)
    for (const width of [1440, 360]) {
      await page.setViewportSize({ width, height: 800 })
      t.strictSame(await barriers(page), [], `${width} px`)
      t.equal(await sideways(page), 0, `${width} px`)
    }
  })

  t.test('another browser is signed out, with a second question', async t => {
    const { key } = await send('POST', '/api/keys', { name: 'laptop', preset: 'viewer' })
    const { headers } = await service.post('/api/session', { key }, { host: 'localhost', 'user-agent': 'Fox/1.0' })
    const laptop = { cookie: String(headers['set-cookie']).split(';')[0]! }
    t.equal((await service.get('/api/tasks', laptop)).statusCode, 200)
    const page = await visit('/keys')
    const list = page.getByRole('list', { name: 'Sessions' })
    await list.getByText('this session').waitFor()
    await list.getByText('Fox/1.0', { exact: false }).waitFor()
    t.strictSame(await barriers(page), [])
    await list.getByRole('button', { name: 'Sign out laptop' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
    await list.getByText('Fox/1.0', { exact: false }).waitFor({ state: 'detached' })
    await becomes(t, async () => (await service.get('/api/tasks', laptop)).statusCode, 401)
  })

  t.test('one signs out, and in with another; what that may not do is disabled and says why', async t => {
    const { key, id } = await send('POST', '/api/keys', { name: 'guest', preset: 'viewer' })
    const page = await visit(`/tasks/${failed}`)
    await page.getByRole('button', { name: 'anna' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    const dialog = page.getByRole('dialog', { name: 'Sign in' })
    await dialog.waitFor()
    await page.getByText('Sign in to see this.').first().waitFor({ state: 'attached' })
    t.strictSame(await barriers(page), [])
    await signIn(page, key.slice(0, -1))
    await dialog.locator('.wrong').waitFor()
    await signIn(page, key)
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'guest' }).waitFor()

    await page.goto(`${address}/ui/tasks/${failed}`)
    await loaded(page)
    const retry = page.getByRole('button', { name: 'Retry needs operate' })
    await retry.waitFor()
    t.ok(await retry.isDisabled())
    t.ok(await page.getByRole('button', { name: 'Submit again with changes needs submit' }).isDisabled())
    await page.keyboard.press('r')
    t.ok(await page.getByRole('dialog').getByRole('button', { name: 'Retry task needs operate' }).isDisabled())
    await page.keyboard.press('Escape')
    await page.goto(`${address}/ui/queues`)
    const purge = page.getByRole('button', { name: /^Purge queue media\s+needs admin$/ })
    await purge.waitFor()
    t.match(await purge.getAttribute('title'), 'Needs the scope admin')
    await page.goto(`${address}/ui/keys`)
    await page.getByRole('alert').getByText('SCOPE_MISSING', { exact: false }).waitFor()

    // What was typed outlives the end of the key.
    await page.goto(`${address}/ui/new?task=process_data`)
    await loaded(page)
    await until(() => pushes().length > 0, 'the socket is open')
    await page.getByLabel('data').fill('half a thought')
    await service.api.app.inject({ method: 'DELETE', url: `/api/keys/${id}`, headers: admin })
    await dialog.waitFor()
    const other = await send('POST', '/api/keys', { name: 'operator', preset: 'operator' })
    await signIn(page, other.key)
    await dialog.waitFor({ state: 'detached' })
    await becomes(t, () => page.getByLabel('data').inputValue(), 'half a thought')
    await page.getByRole('button', { name: 'Create task' }).click()
    await page.waitForURL(/\/ui\/tasks\/[\da-f-]{36}$/)
    t.match((await send('GET', '/api/tasks?limit=1')).items[0], { args: { data: 'half a thought' } })
    await page.setViewportSize({ width: 360, height: 740 })
    t.equal(await sideways(page), 0)
  })

  // Each refusal is one for the console, too, which may tell of it late.
  t.strictSame(
    complaints.filter(text => !/\b40[013]\b/.test(text)),
    []
  )
})
