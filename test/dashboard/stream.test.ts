import t from 'tap'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { shoot } from '../harness/clip.ts'
import { holds, openDashboard } from '../harness/dashboard.ts'
import { openService } from '../harness/service.ts'
import { slowFfmpeg } from '../harness/slow-ffmpeg.ts'

t.test(
  'a browser plays a film that is still being made, and its end after that',
  { skip: skipWithoutBrowser },
  async t => {
    const service = await openService(t)
    await service.startWorker(await slowFfmpeg(t))
    const { visit, complaints } = await openDashboard(t, await service.listen())
    const { id, task_id } = await service.keep(await shoot({ size: '640x480', seconds: 12 }))
    await service.until(task_id, ({ progress_detail }: any) => progress_detail?.hls)

    const page = await visit(`/videos/${id}`)
    await page.getByText(/480p can be played/).waitFor()
    t.strictSame(await page.getByLabel('Quality').locator('option').allInnerTexts(), ['Auto'])
    await page.getByRole('button', { name: /^Play/ }).click()
    await holds(page, document => document.querySelector('.player video').currentTime > 0.3)
    t.match((await service.get(`/api/tasks/${task_id}`)).json(), { state: 'STARTED' }, 'its task is at work')

    t.match(await service.finished(task_id), { state: 'SUCCESS' })
    await holds(page, document => document.querySelector('.player video').duration >= 11.9)
    await page.getByRole('slider', { name: 'Position' }).fill('11.5')
    await holds(page, document => document.querySelector('.player video').ended)
    t.ok(await page.evaluate(`document.querySelector('.player video').currentTime > 11.8`), 'it has played to its end')
    t.equal(await page.getByLabel('Quality').inputValue(), 'Auto', 'nothing was changed under the viewer')

    await page.getByLabel('Quality').selectOption('480p')
    await holds(page, document => document.querySelector('.player video').src.endsWith('/480p.mp4'))
    t.strictSame(complaints, [])
  }
)

t.test('a film that is ready is played from its prints, without the library', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true })
  const address = await service.listen()
  const { visit, complaints } = await openDashboard(t, address)
  const { id, task_id } = await service.keep(await shoot({ seconds: 2 }))
  await service.finished(task_id)

  const page = await visit(`/videos/${id}`)
  const scripts: string[] = []
  page.on('request', request => scripts.push(request.url()))
  await page.getByRole('button', { name: /^Play/ }).click()
  await holds(page, document => document.querySelector('.player video').currentTime > 0.3)
  t.strictSame(await page.getByLabel('Quality').locator('option').allInnerTexts(), ['Auto', '180p'])
  t.notOk(scripts.some(url => url.includes('hls')))

  await page.getByLabel('Quality').selectOption('Auto')
  await holds(page, document => document.querySelector('.player video').src.startsWith('blob:'))
  await holds(page, document => document.querySelector('.player video').currentTime > 0.3)
  t.ok(
    scripts.some(url => /\/hls\.light-.*\.js$/.test(url)),
    'now it is there'
  )
  t.strictSame(complaints, [])
})
