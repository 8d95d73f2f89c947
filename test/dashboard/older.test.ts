import type { WebSocketRoute } from 'playwright-core'
import t from 'tap'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { openDashboard } from '../harness/dashboard.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

// A tab of a busy browser may not be drawn for long.
const drawn = `new Promise(resolve => {
  requestAnimationFrame(resolve)
  setTimeout(resolve, 500)
})`

t.test('a page never shows what is older after what is newer', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true })
  const { visit, pushes, complaints } = await openDashboard(t, await service.listen())
  const told = () => pushes().some(frame => frame.includes('"queues"'))

  t.test('an answer that was read before a push', async t => {
    const page = await visit('/queues')
    await until(told, 'the page is told of its queues')
    const gate = Promise.withResolvers<void>()
    const [read, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    await page.route(/\/api\/queues$/, async route => {
      const response = await route.fetch()
      read.resolve()
      await gate.promise
      await route.fulfill({ response })
      answered.resolve()
    })
    // An act is followed by a question.
    await page.getByRole('button', { name: 'Pause queue low_priority' }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Pause/ })
      .click()
    await read.promise

    await service.post('/api/queues/media/pause')
    await page.getByRole('button', { name: 'Resume queue media' }).waitFor()
    gate.resolve()
    await answered.promise
    await page.evaluate(drawn)
    t.equal(await page.getByRole('button', { name: 'Pause queue media' }).count(), 0)
    for (const queue of ['media', 'low_priority']) await service.post(`/api/queues/${queue}/resume`)
  })

  t.test('a push that was read before an answer', async t => {
    let socket: WebSocketRoute | undefined
    let first = ''
    const page = await visit('/', {
      before: page =>
        page.routeWebSocket(/\/ws\/live$/, opened => {
          socket = opened
          opened.connectToServer().onMessage(frame => {
            if (first === '' && String(frame).includes('"queues"')) first = String(frame)
            opened.send(frame)
          })
        })
    })
    await page.getByRole('link', { name: 'Queues' }).first().click()
    await page.getByRole('button', { name: 'Pause queue media' }).click()
    await until(() => first !== '', 'the page is told of its queues')
    // However slow this machine is, the push comes soon after the answer.
    await page.clock.setFixedTime(new Date())
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Pause/ })
      .click()
    await page.getByRole('button', { name: 'Resume queue media' }).waitFor()

    socket!.send(first)
    await page.evaluate(drawn)
    t.equal(await page.getByRole('button', { name: 'Pause queue media' }).count(), 0)
    await service.post('/api/queues/media/resume')
  })

  t.strictSame(complaints, [])
})
