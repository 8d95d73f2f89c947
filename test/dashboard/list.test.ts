import type { Page } from 'playwright-core'
import t from 'tap'
import { type Filter, filterNames, printFilter } from '../../src/dashboard/words/tasks/filter.ts'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { barriers, loaded, openDashboard, sideways } from '../harness/dashboard.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

const nil = '00000000-0000-7000-8000-000000000000'
const values: Required<Omit<Filter, 'q'>> = {
  status: 'FAILED,COMPLETED',
  task: '-add',
  queue: 'media',
  worker: nil,
  tag: 'slow',
  error: 'no such file',
  schedule_id: nil,
  video_id: nil,
  created_after: '-7d',
  created_before: '2031-01-01T00:00:00Z',
  attempts_min: '2',
  ran_min: '90',
  waited_min: '7200'
}

t.test('the list of tasks', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true })
  const address = await service.listen()
  const { visit, complaints } = await openDashboard(t, address)
  const first = await service.submit('add', { x: 1, y: 2 }, { tags: ['slow', 'monthly'], priority: 7 })
  const second = await service.submit('add', { x: 3, y: 4 })
  await Promise.all([service.finished(first), service.finished(second)])
  const headings = (page: Page) =>
    page.getByRole('table', { name: 'Tasks', exact: true }).getByRole('columnheader').allTextContents()
  const ids = (page: Page) =>
    page.locator('tr[data-id]').evaluateAll((rows: any[]) => rows.map(row => row.dataset.id as string))

  for (const name of [...filterNames, 'q'] as const) {
    t.test(`${name} is a chip, a part of the address, and a question to the API`, async t => {
      const value = name === 'q' ? 'some words' : values[name]
      const text = printFilter({ [name]: value })
      const page = await visit('/tasks')

      const asked = page.waitForRequest(request => {
        const url = new URL(request.url())
        return url.pathname === '/api/tasks' && url.searchParams.has(name)
      })
      await page.getByRole('combobox', { name: 'Filter tasks' }).fill(text)
      await page.keyboard.press('Enter')
      const sent = new URL((await asked).url()).searchParams.get(name)!
      await page.waitForURL(url => url.searchParams.get(name) === value)
      if (value === '-7d') t.match(sent, /^\d{4}-.*Z$/)
      else t.equal(sent, value)
      t.equal((await (await asked).response())!.status(), 200)
      await page
        .getByRole('list', { name: 'Filters that are set' })
        .getByRole('button', { name: /^Drop / })
        .click()
      await page.waitForURL(`${address}/ui/tasks`)
      await becomes(t, () => page.getByRole('combobox', { name: 'Filter tasks' }).inputValue(), '')
    })
  }

  t.test('columns are chosen by keys, and kept', async t => {
    const page = await visit('/tasks', { width: 1680 })
    const columns = async () => (await headings(page)).slice(3)
    await becomes(t, columns, ['Args', 'Queue', 'Attempts', 'Worker', 'Submitted', 'Ran'])

    await page.getByRole('button', { name: 'Columns' }).focus()
    await page.keyboard.press('Enter')
    const column = (name: string, checked: boolean) => page.getByRole('menuitemcheckbox', { name, checked })
    const focused = (name: string, checked: boolean) => column(name, checked).and(page.locator(':focus')).waitFor()
    await focused('Args', true)
    await page.keyboard.press('ArrowDown')
    await focused('Queue', true)
    await page.keyboard.press('Space')
    await column('Queue', false).waitFor()
    await page.keyboard.press('ArrowDown')
    await focused('Priority', false)
    await page.keyboard.press('Space')
    await column('Priority', true).waitFor()
    await page.getByRole('menuitemcheckbox', { name: 'Tags' }).click()
    t.strictSame(await barriers(page), [])
    await page.keyboard.press('Escape')
    await becomes(t, () => page.evaluate<string>('document.activeElement.textContent'), 'Columns')
    const chosen = ['Args', 'Priority', 'Attempts', 'Worker', 'Tags', 'Submitted', 'Ran']
    await becomes(t, columns, chosen)
    await becomes(t, () => page.locator(`tr[data-id="${first}"]`).textContent(), /7.*slow, monthly/)
    await page.reload()
    await loaded(page)
    await becomes(t, columns, chosen)

    await page.getByRole('button', { name: 'Columns' }).click()
    for (const name of ['Queue', 'Not before', 'Start by', 'Finished', 'Id'])
      await page.getByRole('menuitemcheckbox', { name }).click()
    t.equal(await sideways(page), 0, 'a wide table moves inside the page')
    await page.getByRole('menuitem', { name: 'The usual ones' }).click()
    await becomes(t, async () => (await headings(page)).length, 9)
  })

  t.test('the order is in the address, and the API has it', async t => {
    const page = await visit('/tasks?task=add')
    await becomes(t, () => ids(page), [second, first])

    await page.getByLabel('Order').selectOption('Oldest first')
    await page.waitForURL(`${address}/ui/tasks?task=add&order=oldest`)
    await page.locator(`tr[data-id="${first}"] + tr[data-id="${second}"]`).waitFor()
    await page.reload()
    await loaded(page)
    await becomes(t, () => ids(page), [first, second])
    await becomes(t, () => page.getByLabel('Order').inputValue(), 'oldest')
    await page.goto(`${address}/ui/tasks?status=SCHEDULED`)
    await becomes(t, () => page.getByLabel('Order').inputValue(), 'soonest')
  })

  t.test('a question gets a name, and is found again by it', async t => {
    const page = await visit('/tasks?task=add&order=oldest')

    await page.getByRole('button', { name: 'Views' }).click()
    await page.getByRole('menuitem', { name: 'Save or remove' }).click()
    await page.getByRole('dialog').getByText('task:add, order oldest').waitFor()
    await page.getByLabel('Name').fill('sums, oldest')
    await page.getByRole('button', { name: 'Save view' }).click()
    await page.getByRole('button', { name: 'sums, oldest' }).waitFor()

    await page.goto(`${address}/ui/tasks`)
    await page.getByRole('button', { name: 'Views' }).click()
    await page.getByRole('menuitem', { name: 'sums, oldest' }).click()
    await page.waitForURL(`${address}/ui/tasks?order=oldest&task=add`)
    await page.locator(`tr[data-id="${first}"] + tr[data-id="${second}"]`).waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search or jump to' }).fill('sums')
    await page.getByRole('option', { name: 'sums, oldest View' }).waitFor()
    await page.keyboard.press('Escape')

    await page.getByRole('button', { name: 'sums, oldest' }).click()
    await page.getByRole('menuitem', { name: 'Save or remove' }).click()
    t.strictSame(await barriers(page), [])
    await page.getByRole('button', { name: 'Remove sums, oldest' }).click()
    await page.getByRole('button', { name: 'Back' }).click()
    await page.getByRole('button', { name: 'Views' }).click()
    await page.getByRole('menuitem', { name: 'Failed, 24 h' }).waitFor()
    t.equal(await page.getByRole('menuitem', { name: 'sums, oldest' }).count(), 0)
    await page.getByRole('menuitem', { name: 'Failed, 24 h' }).click()
    await page.waitForURL(`${address}/ui/tasks?status=FAILED&created_after=-24h`)
  })

  t.test('all on this page are selected, and acted on with one question', async t => {
    await service.post('/api/queues/low_priority/pause')
    const held = await Promise.all([1, 2, 3].map(x => service.submit('add', { x, y: 0 }, { queue: 'low_priority' })))
    const page = await visit('/tasks?queue=low_priority')
    await page.locator('tr[data-id]').nth(2).waitFor()

    await page.getByRole('checkbox', { name: 'Select all on this page' }).click()
    const selection = page.getByRole('region', { name: 'Selected tasks' })
    await selection.getByText('3 tasks selected').waitFor()
    await page.locator('tr[data-id]').first().getByRole('checkbox').uncheck()
    await selection.getByText('2 tasks selected').waitFor()
    await page.locator('input[aria-label="Select all on this page"]:indeterminate').waitFor()
    await page.locator('tr[data-id]').first().getByRole('checkbox').check()
    await selection.getByRole('button', { name: 'Cancel 3' }).click()
    await page.getByRole('dialog', { name: 'Cancel 3 tasks?' }).waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel 3 tasks' }).click()

    const acts = page.getByRole('region', { name: 'Acts on many tasks' })
    await acts.getByText('3 of 3').waitFor()
    await acts.getByText('done').waitFor()
    for (const id of held) await service.until(id, ({ state }) => state === 'REVOKED')
    await selection.waitFor({ state: 'detached' })
    t.strictSame(await barriers(page), [])
    await acts.getByRole('button', { name: 'Clear what is done' }).click()
    await acts.waitFor({ state: 'detached' })
  })

  t.strictSame(complaints, [])

  t.test('a page of rows that did not come is asked for again once the server answers', async t => {
    const tasks = Array.from({ length: 250 }, () => ({ task: 'add', args: { x: 1, y: 1 }, countdown: 3600 }))
    await service.post('/api/tasks/bulk', { tasks })
    const page = await visit('/tasks')
    let refused = 0
    await page.route(/\/api\/tasks\?.*cursor=/, route => (refused++ < 2 ? route.abort() : route.continue()))
    const end = async () => {
      await page.evaluate('scrollTo(0, document.body.scrollHeight)')
      return await page.locator('tr[data-index="240"]').isVisible()
    }
    await until(end, 'the last rows are shown')
    t.ok(refused > 2)
  })
})
