import t from 'tap'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { openDashboard } from '../harness/dashboard.ts'
import { openKeys } from '../harness/keys.ts'
import { openService } from '../harness/service.ts'

t.test('acts on all that match, in the dashboard', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true })
  const address = await service.listen()
  const { visit, complaints } = await openDashboard(t, address)
  for (const queue of ['low_priority', 'high_priority']) await service.post(`/api/queues/${queue}/pause`)
  const submit = async (tag: string, count: number) => {
    const task = { task: 'add', args: { x: 1, y: 2 }, tags: [tag], queue: 'low_priority' }
    await service.post('/api/tasks/bulk', { tasks: Array.from({ length: count }, () => task) })
  }
  const held = async (tag: string) => {
    const { items } = (await service.get(`/api/tasks/counts?tag=${tag}`)).json()
    return Object.fromEntries(items.filter((each: any) => each.count > 0).map((each: any) => [each.status, each.count]))
  }

  t.test('preview, second yes, progress that survives a reload, abort and undo, by keys on a phone', async t => {
    await submit('many', 130)
    const page = await visit('/tasks?tag=many', { width: 360, height: 740 })
    await page.keyboard.press('a')
    const dialog = page.getByRole('dialog', { name: 'All tasks that match' })
    await becomes(t, () => dialog.getByLabel('Act').inputValue(), 'cancel')
    const row = dialog.getByRole('row', { name: /^PENDING add low_priority 130$/ })
    await row.waitFor()
    const size = await page.evaluate<number[]>('[document.documentElement.scrollWidth, innerWidth]')
    t.ok(size[0]! <= size[1]!, `no scrolling sideways: ${size}`)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    t.strictSame(await held('many'), { PENDING: 130 }, 'nothing was done')

    await page.getByRole('button', { name: 'All that match' }).click()
    await row.waitFor()
    await submit('many', 1)
    const yes = dialog.getByRole('button', { name: 'Cancel 130 tasks' })
    await yes.focus()
    await page.keyboard.press('Enter')
    const tray = page.getByRole('region', { name: 'Bulk operations' })
    await tray.getByRole('progressbar', { name: 'Cancel 130 tasks' }).waitFor()
    await page.reload()
    await tray.getByText('waiting, 0 of 130 done').waitFor()
    await service.post('/api/queues/high_priority/resume')
    await tray.getByText('completed, 130 of 130 done').waitFor()
    const untouched = { PENDING: 1, CANCELLED: 130 }
    await becomes(t, () => held('many'), untouched, 'a task that was submitted since is not touched')

    await tray.getByRole('button', { name: /^Undo/ }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Undo 130 tasks' }).click()
    await tray.getByText('completed, 130 of 130 done').nth(1).waitFor()
    await becomes(t, () => held('many'), { PENDING: 131 })

    await service.post('/api/queues/high_priority/pause')
    await page.goto(`${address}/ui/tasks?tag=many&status=PENDING`)
    await page.getByRole('button', { name: 'All that match' }).click()
    await dialog.getByLabel('Act').selectOption('move')
    await dialog.getByLabel('Queue', { exact: true }).selectOption('media')
    await dialog.getByRole('button', { name: 'Move 131 tasks' }).click()
    await tray.getByRole('button', { name: /^Abort.*Move 131 tasks/ }).click()
    await service.post('/api/queues/high_priority/resume')
    await tray.getByText('aborted, 0 of 131 done').waitFor()
  })

  t.test('the list of operations and a page for each', async t => {
    const page = await visit('/bulk')
    await page.getByRole('heading', { name: 'Bulk operations', level: 1 }).waitFor()
    const listed = page.getByRole('region', { name: 'Operations', exact: true })
    const link = listed.getByRole('link', { name: 'Cancel 130 tasks' })
    await link.waitFor()
    await becomes(t, () => listed.getByRole('row').count(), 4)
    await link.click()
    await page.getByRole('heading', { name: 'Cancel 130 tasks', level: 1 }).waitFor()
    await page.getByRole('link', { name: 'this operation' }).click()
    await page.getByRole('heading', { name: 'Undo an act on 130 tasks' }).waitFor()
  })

  t.test('a key that only reads sees what it lacks', async t => {
    const page = await visit('/tasks?tag=many')
    const { make } = await openKeys(service)
    const { key } = await make({ preset: 'viewer' })
    await page.reload()
    await page.getByRole('dialog', { name: 'Sign in' }).getByLabel('Key', { exact: true }).fill(key)
    await page.keyboard.press('Enter')
    // Until the page knows what the key may do, the button is as for a key that may.
    const button = page.getByRole('button', { name: /^All that match/, disabled: true })
    await button.waitFor()
    t.match(await button.getAttribute('title'), /operate/)
  })
  t.strictSame(
    complaints.filter(each => !/401/.test(each)),
    []
  )
})
