import t from 'tap'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { barriers, openDashboard, sideways } from '../harness/dashboard.ts'
import { openService } from '../harness/service.ts'

t.test('the audit in the dashboard', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t)
  const address = await service.listen()
  const { visit, complaints } = await openDashboard(t, address)
  const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 3600 })
  await service.post(`/api/tasks/${id}/cancel`)
  const paused = await service.post('/api/queues/media/pause', { reason: '<b>the disk is full</b>' })
  await service.post('/api/queues/media/resume')

  t.test('a task leads to what was done to it, with the request', async t => {
    const page = await visit(`/tasks/${id}`)
    await page.getByRole('link', { name: /^who did what/ }).click()
    await page.waitForURL(`${address}/ui/audit?target=task%3A${id}`)
    const lines = page.getByRole('region', { name: 'Lines' }).getByRole('row')
    await page.getByRole('button', { name: /^task.cancel/ }).click()
    await becomes(t, () => lines.count(), 3, 'the head, the line, and what is below it')
    await page
      .getByRole('link', { name: `task ${id}` })
      .last()
      .click()
    await page.waitForURL(`${address}/ui/tasks/${id}`)
  })

  t.test('filters are in the address, and each line shows what is known', async t => {
    const page = await visit('/audit')
    await page.getByRole('button', { name: /^queue.pause/ }).click()
    await page.getByText(String(paused.headers['x-request-id'])).waitFor()
    await page.getByRole('region', { name: 'detail' }).getByText('<b>the disk is full</b>').waitFor()
    for (const width of [1440, 360]) {
      await page.setViewportSize({ width, height: 800 })
      t.strictSame(await barriers(page), [], `${width} px`)
      t.equal(await sideways(page), 0, `${width} px`)
    }
    await page.getByRole('searchbox', { name: 'Action' }).fill('queue.*')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${address}/ui/audit?action=queue.*`)
    await page.getByRole('button', { name: /^task.cancel/ }).waitFor({ state: 'detached' })
    await page.getByRole('combobox', { name: 'Since' }).selectOption('of the last hour')
    await page.waitForURL(/since=-1h/)
    await page.getByRole('button', { name: /^queue.resume/ }).waitFor()
    await becomes(t, () => page.getByRole('button', { name: /^queue\./ }).count(), 2)
    await page.getByRole('link', { name: 'refused' }).click()
    await page.getByText('No line fits').waitFor()
    await page.goBack()
    await page.getByRole('link', { name: 'queue media' }).first().click()
    await page.waitForURL(/target=queue%3Amedia|target=queue:media/)
    await becomes(t, () => page.getByRole('searchbox', { name: 'Target' }).inputValue(), 'queue:media')
  })

  t.strictSame(complaints, [])
})
