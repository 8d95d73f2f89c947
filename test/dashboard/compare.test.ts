import t from 'tap'
import { compareJson, lengthText } from '../../src/dashboard/words/tasks/compare.ts'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { barriers, openDashboard } from '../harness/dashboard.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'

t.test('two documents are compared value by value, with the paths at which they differ', async t => {
  const mine = { customer: 'c7', items: [{ price: 1 }, { price: 2 }], 'odd name': null, empty: {} }
  const other = { customer: 'c7', items: [{ price: 1 }, { price: 3 }, {}], empty: {}, late: true }

  t.strictSame(compareJson(mine, other).pairs, [
    { path: 'customer', mine: '"c7"', other: '"c7"', differs: false },
    { path: 'items[0].price', mine: '1', other: '1', differs: false },
    { path: 'items[1].price', mine: '2', other: '3', differs: true },
    { path: '["odd name"]', mine: 'null', other: undefined, differs: true },
    { path: 'empty', mine: '{}', other: '{}', differs: false },
    { path: 'items[2]', mine: undefined, other: '{}', differs: true },
    { path: 'late', mine: undefined, other: 'true', differs: true }
  ])
  t.strictSame(compareJson(5, null).pairs, [{ path: '', mine: '5', other: undefined, differs: true }])
  t.strictSame(compareJson(null, null), { pairs: [], more: false })
  const large = compareJson(Array(5_000).fill(1), [])
  t.match(large, { more: true, pairs: { length: 300 } })
  t.strictSame(
    [lengthText(10, 9.8), lengthText(32, 10), lengthText(1, 25), lengthText(undefined, 2)],
    ['about the same', '3.2 × longer', '25 × shorter', undefined]
  )
})

t.test('on the page of a task', { skip: skipWithoutBrowser }, async t => {
  const body = `if (args.month > 12) throw new Error('no such month'); return { month: args.month, orders: 12 }`
  const env = { TASKS_DIR: await taskFolder(t, { 'report.mjs': taskModule('report', body, 'max_retries: 0') }) }
  const service = await openService(t, { worker: true, env })
  const address = await service.listen()
  const { visit, complaints } = await openDashboard(t, address)

  t.test('it says where there is no success to compare with', async t => {
    const failed = await service.submit('report', { customer: 'c7', month: 13 })
    await service.finished(failed)
    const page = await visit(`/tasks/${failed}`)

    await page.getByRole('tab', { name: 'Compare' }).click()
    await page.getByText('No task of the kind report has succeeded').waitFor()
    t.match(page.url(), /tab=compare/)
  })

  t.test('a failed task stands beside the last success of its kind, and what differs is marked', async t => {
    const good = await service.submit('report', { customer: 'c7', month: 12 })
    await service.finished(good)
    const failed = await service.submit('report', { customer: 'c7', month: 13, draft: true })
    await service.finished(failed)
    const page = await visit(`/tasks/${failed}?tab=compare`)

    const table = page.getByRole('region', { name: 'Comparison' })
    t.match(
      await table
        .getByRole('row', { name: /^differs: month/ })
        .first()
        .textContent(),
      /month13\s*12$/
    )
    t.match(await table.getByRole('row', { name: /^differs: draft/ }).textContent(), /draft\s*true\s*–$/)
    t.match(await table.getByRole('row', { name: /^differs: Status/ }).textContent(), /FAILED\s*COMPLETED$/)
    await becomes(t, () => table.getByRole('row', { name: /^customer/ }).count(), 1)
    t.equal(await page.getByText('The last success is').getByRole('link').getAttribute('href'), `/ui/tasks/${good}`)
    await page.getByRole('checkbox', { name: 'Only differences' }).check()
    await becomes(t, () => table.getByRole('row', { name: /^customer/ }).count(), 0)
    t.strictSame(await barriers(page), [])

    await page.goto(`${address}/ui/tasks/${good}?tab=compare`)
    await page.getByText('No other task of the kind report has succeeded').waitFor()
  })

  t.strictSame(complaints, [])
})
