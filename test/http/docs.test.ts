import t from 'tap'
import { openPage, skipWithoutBrowser } from '../harness/browser.ts'
import { openService } from '../harness/service.ts'

t.test('the documentation is at one address, with all of its assets', async t => {
  const service = await openService(t)

  for (const url of ['/docs', '/docs/']) {
    const { statusCode, headers, body } = await service.get(url)
    t.equal(statusCode, 200)
    t.match(headers['content-type'], 'text/html')
    t.match(headers['content-security-policy'], /^default-src 'self'/)
    const assets = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, asset]) => new URL(asset!, `http://x${url}`))
    t.ok(assets.length >= 3)
    for (const { host, pathname } of assets) {
      t.equal(host, 'x')
      t.equal((await service.get(pathname)).statusCode, 200, pathname)
    }
  }
})

t.test('in a browser every operation is listed and can be tried out', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true })
  const address = await service.listen()
  const { page, complaints } = await openPage(t, address)

  await page.goto(`${address}/docs`)
  await page.waitForSelector('.opblock')
  const listed = await page.$$eval('.opblock-summary', all => all.length)
  const block = page.locator('#operations-Tasks-submitTask')
  await block.locator('.opblock-summary').click()
  await block.locator('.execute').click()
  const answer = block.locator('.live-responses-table .response').first()
  await answer.waitFor()

  const { paths } = (await service.get('/openapi.json')).json()
  t.equal(listed, Object.values<object>(paths).flatMap(methods => Object.keys(methods)).length)
  t.match(await answer.locator('.response-col_status').innerText(), /^201/)
  // With the document's example.
  const [task] = (await service.get('/api/tasks?task=add')).json().items
  t.match(await service.finished(task.id), { result: 10 })

  const form = page.locator('#operations-Videos-uploadVideo')
  await form.locator('.opblock-summary').click()
  await form
    .locator('input[type=file]')
    .setInputFiles({ name: 'a.mp4', mimeType: 'video/mp4', buffer: Buffer.from('x') })
  await form.locator('.execute').click()
  await form.locator('.live-responses-table .response').first().waitFor()

  t.match((await service.get('/api/videos')).json().items, [{ filename: 'a.mp4', bytes: 1 }])
  t.strictSame(complaints, [])
})
