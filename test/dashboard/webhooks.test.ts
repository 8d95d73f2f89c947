import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { barriers, loaded, openDashboard, sideways } from '../harness/dashboard.ts'
import { addWebhook, deliveries, hasten, local, openReceiver } from '../harness/receiver.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

t.test('webhooks in the dashboard', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true, env: local })
  const address = await service.listen()
  const { visit, complaints } = await openDashboard(t, address)
  const receiver = await openReceiver(t)
  const hook = async (id: string) => (await service.get(`/api/webhooks/${id}`)).json()

  t.test('one is made in a drawer, its secret is shown once and verifies a test message', async t => {
    const page = await visit('/webhooks')
    await page.getByText('There are no webhooks yet').waitFor()
    await page.getByRole('link', { name: 'New webhook' }).click()
    const drawer = page.getByRole('complementary', { name: 'New webhook' })
    t.strictSame(await barriers(page), [])
    await page.keyboard.press('Escape')
    await drawer.waitFor({ state: 'detached' })
    await becomes(t, () => page.evaluate<string>('document.activeElement.textContent'), 'New webhook')

    await page.keyboard.press('Enter')
    await drawer.getByLabel('URL').fill('http://10.0.0.1/hook')
    await drawer.getByRole('button', { name: 'Create' }).click()
    await drawer.getByText(/must lead to a public address/).waitFor()
    await drawer.getByLabel('URL').fill(receiver.url)
    await drawer.getByLabel('task.completed').uncheck()
    await drawer.getByText('Only some tasks').click()
    await drawer.getByRole('checkbox', { name: 'media', exact: true }).check()
    await drawer.getByRole('button', { name: 'Create' }).click()

    const dialog = page.getByRole('dialog', { name: 'The webhook is made' })
    const secret = await dialog.getByRole('region', { name: 'Secret' }).textContent()
    t.match(secret, /^whsec_[\w+/=]+$/)
    await page.mouse.click(5, 5)
    t.strictSame(await barriers(page), [], 'a click beside it leaves it open')
    await dialog.getByRole('button', { name: 'I have copied it' }).click()
    await page.waitForURL(/\/ui\/webhooks\/[\da-f-]{36}$/)
    await loaded(page)
    t.notMatch(await page.content(), secret!)
    t.match(await hook(page.url().split('/').at(-1)!), {
      types: ['task.failed', 'task.cancelled', 'video.ready', 'video.failed'],
      queues: ['media'],
      tasks: null,
      ordered: false
    })

    await page.getByRole('button', { name: 'Send test' }).click()
    await page.getByRole('row', { name: /^webhook.test.*delivered.*204/ }).waitFor()
    const [{ text, headers }] = (await receiver.got(1)) as any
    t.match(new Webhook(secret!).verify(text, headers), { type: 'webhook.test' })
  })

  t.test('it is changed, paused, resumed, rotated and deleted', async t => {
    const { id, secret } = await addWebhook(service, receiver.url, { tasks: ['gone'], description: 'mine' })
    const page = await visit(`/webhooks/${id}`)
    const dialog = page.getByRole('dialog')
    await page.getByRole('link', { name: 'Edit' }).click()
    const drawer = page.getByRole('complementary', { name: 'Edit webhook' })
    await drawer.getByRole('checkbox', { name: 'gone' }).uncheck()
    await drawer.getByLabel(/^In order/).check()
    await drawer.getByRole('button', { name: 'Save' }).click()
    await drawer.waitFor({ state: 'detached' })
    t.match(await hook(id), { tasks: null, ordered: true, description: 'mine' })

    await page.getByRole('button', { name: 'Pause' }).click()
    await dialog.getByRole('button', { name: 'Pause webhook' }).click()
    await page.getByText(/^It was paused/).waitFor()
    await page.getByRole('button', { name: 'Send test', disabled: true }).waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Pause' }).waitFor()

    await page.getByRole('button', { name: 'Rotate secret' }).click()
    await dialog.getByLabel(/^Sign with the old one/).selectOption('an hour')
    await dialog.getByRole('button', { name: 'Rotate secret' }).click()
    const next = (await page.getByRole('region', { name: 'Secret' }).textContent())!
    await dialog.getByRole('button', { name: 'I have copied it' }).click()
    t.not(next, secret)
    await page.getByText(/^signs, too, until/).waitFor()
    await page.getByRole('button', { name: 'Send test' }).click()
    const { text, headers } = (await receiver.got(2))[1]!
    const { 'webhook-id': name, 'webhook-timestamp': time, 'webhook-signature': signatures } = headers
    const signed = [next, secret].map(each => {
      const key = Buffer.from(each.replace('whsec_', ''), 'base64')
      return `v1,${createHmac('sha256', key).update(`${name}.${time}.${text}`).digest('base64')}`
    })
    t.strictSame(String(signatures).split(' ').sort(), signed.sort())

    await page.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByRole('button', { name: 'Delete webhook' }).click()
    await page.waitForURL(`${address}/ui/webhooks`)
    t.equal((await service.get(`/api/webhooks/${id}`)).statusCode, 404)
  })

  t.test('what failed is seen with the answers, and is replayed', async t => {
    const broken = await openReceiver(t, response => response.writeHead(500).end('<b>no</b>'))
    const { id } = await addWebhook(service, broken.url, { types: ['task.completed'] })
    const done = await service.submit('add', { x: 1, y: 2 })
    await service.finished(done)
    for (let tries = 1; tries < 8; tries++) {
      await deliveries(service, id, ([one]) => one?.attempts.length === tries && one.next_at !== null)
      await hasten(service)
    }
    await deliveries(service, id, ([one]) => one.status === 'failed')

    const page = await visit('/webhooks')
    const row = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: broken.url }) })
    await row.getByText('failing').waitFor()
    await row.getByText('failed', { exact: true }).waitFor()
    await page.getByRole('link', { name: broken.url }).click()
    await page.getByText('The last 8 attempts failed.', { exact: false }).waitFor()
    await page.getByRole('link', { name: 'delivered' }).click()
    await page.getByText('No message is delivered').waitFor()
    await page.getByRole('link', { name: 'failed' }).click()
    await page.getByRole('button', { name: /^task.completed/ }).click()
    const attempts = page.getByRole('list', { name: 'Attempts' }).getByRole('listitem')
    await becomes(t, () => attempts.count(), 8)
    await becomes(t, () => attempts.first().textContent(), /^Attempt 8, .*: 500.*<b>no<\/b>$/)
    t.equal(await page.getByRole('link', { name: /^task/ }).getAttribute('href'), `/ui/tasks/${done}`)
    await page.setViewportSize({ width: 360, height: 740 })
    t.equal(await sideways(page), 0)
    await page.setViewportSize({ width: 1440, height: 900 })

    broken.answer = response => response.writeHead(204).end()
    await page.getByRole('button', { name: 'Replay', exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'Replay messages' })
    t.strictSame(await barriers(page), [])
    await dialog.getByLabel('Since').fill('yesterday')
    await dialog.getByRole('button', { name: 'Replay messages' }).click()
    await dialog.locator('.wrong').waitFor()
    await dialog.getByLabel('Since').fill('2026-01-01 00:00')
    await dialog.getByRole('button', { name: 'Replay messages' }).click()
    await page.getByText('1 message is sent again').waitFor()
    await page.getByText('No message is failed').waitFor()
    await page.getByRole('link', { name: 'all' }).click()
    await page.getByRole('row', { name: /^task.completed.*delivered/ }).waitFor()
    await until(() => broken.received.length === 9, 'it has got the replay')
  })

  t.test('one that has answered 410 says so, and offers what it missed', async t => {
    const gone = await openReceiver(t, response => response.writeHead(410).end())
    const { id } = await addWebhook(service, gone.url)
    await service.post(`/api/webhooks/${id}/test`)
    const page = await visit(`/webhooks/${id}`)
    await page.getByText('It answered 410 Gone', { exact: false }).waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('dialog', { name: 'Replay messages' }).waitFor()
    t.match(await hook(id), { enabled: true, failures: 0 })
  })

  // Each refusal is one for the console, too, which may tell of it late.
  t.strictSame(
    complaints.filter(text => !text.includes('400 (Bad Request)')),
    []
  )
})
