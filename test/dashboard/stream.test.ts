import t from 'tap'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { shoot } from '../harness/clip.ts'
import { holds, openDashboard, sideways } from '../harness/dashboard.ts'
import { openService } from '../harness/service.ts'
import { pauseEncode, slowFfmpeg } from '../harness/slow-ffmpeg.ts'

t.test(
  'a browser plays a film that is still being made, and its end after that',
  { skip: skipWithoutBrowser },
  async t => {
    const service = await openService(t)
    const slow = await slowFfmpeg(t)
    await service.startWorker({ ...slow, MEDIA_SANDBOX: 'off' })
    const { visit, complaints } = await openDashboard(t, await service.listen())
    const { id, task_id } = await service.keep(await shoot({ size: '640x480', seconds: 12 }))
    await service.until(task_id, ({ progress_detail }: any) => progress_detail?.hls)
    // However slow the browser is, the film is not made before it has played some of it.
    const goOn = await pauseEncode(slow)

    const page = await visit(`/videos/${id}`)
    const words = page.getByText(/480p can be played/)
    await words.waitFor()
    await page.setViewportSize({ width: 360, height: 740 })
    t.equal(await sideways(page), 0)
    const [bar, text] = [await page.locator('.rungs').boundingBox(), await words.boundingBox()]
    t.ok(bar!.width > 100 && text!.x + text!.width <= 360, 'on a phone the bar and all words are seen')
    await page.setViewportSize({ width: 1440, height: 900 })
    await becomes(t, () => page.getByLabel('Quality').locator('option').allInnerTexts(), ['Auto'])
    await page.getByRole('button', { name: /^Play/ }).click()
    await holds(page, document => document.querySelector('.player video').currentTime > 0.3)
    t.match((await service.get(`/api/tasks/${task_id}`)).json(), { state: 'STARTED' }, 'its task is at work')
    goOn()

    t.match(await service.finished(task_id), { state: 'SUCCESS' })
    await holds(page, document => document.querySelector('.player video').duration >= 11.9)
    await page.getByRole('slider', { name: 'Position' }).fill('11.5')
    await holds(page, document => document.querySelector('.player video').ended)
    t.ok(await page.evaluate(`document.querySelector('.player video').currentTime > 11.8`), 'it has played to its end')
    await becomes(t, () => page.getByLabel('Quality').inputValue(), 'Auto', 'nothing was changed under the viewer')

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
  await becomes(t, () => page.getByLabel('Quality').locator('option').allInnerTexts(), ['Auto', '180p'])
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

/** Hertz of what the player plays now, by the browser's own analyser. */
const listen = `(async () => {
  const film = document.querySelector('.player video')
  const context = new AudioContext()
  const ears = new AnalyserNode(context, { fftSize: 8192 })
  context.createMediaElementSource(film).connect(ears)
  await context.resume()
  const loudness = new Float32Array(ears.frequencyBinCount)
  for (let tries = 0; tries < 200; tries++) {
    await new Promise(resolve => setTimeout(resolve, 50))
    ears.getFloatFrequencyData(loudness)
    const most = loudness.indexOf(Math.max(...loudness))
    if (loudness[most] > -60) return (most * context.sampleRate) / 8192
  }
  return null
})()`

t.test('a viewer chooses the audio track; quality, time and speed stay', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { env: { AUDIO_TRACKS: 'all' }, worker: true })
  const { visit, complaints } = await openDashboard(t, await service.listen())
  const tones = [
    { frequency: 400, marks: ['language=eng'] },
    { frequency: 1200, marks: ['language=ger'] }
  ]
  const { id, task_id } = await service.keep(await shoot({ size: '160x90', fps: 5, seconds: 15, tones }))
  t.match(await service.finished(task_id), { state: 'SUCCESS' })

  const page = await visit(`/videos/${id}`)
  await becomes(t, () => page.getByLabel('Audio').locator('option').allInnerTexts(), ['English', 'German'])
  await page.getByLabel('Speed').selectOption('0.5')
  await page.getByRole('button', { name: /^Play/ }).click()
  await holds(page, document => document.querySelector('.player video').currentTime > 0.3)
  await page.getByLabel('Audio').selectOption('German')
  await holds(page, document => document.querySelector('.player video').src.startsWith('blob:'))
  await holds(page, document => document.querySelector('.player video').currentTime > 0.5)
  await becomes(t, () => page.getByLabel('Quality').inputValue(), '90p')
  await becomes(t, () => page.evaluate<number>(`document.querySelector('.player video').playbackRate`), 0.5)
  const hertz = Number(await page.evaluate(listen))
  t.ok(Math.abs(hertz - 1200) < 30, `${hertz} Hz`)

  await page.getByLabel('Audio').selectOption('English')
  await holds(page, document => document.querySelector('.player video').src.endsWith('/90p.mp4'))
  await page.getByLabel('Quality').selectOption('Auto')
  await holds(page, document => document.querySelector('.player video').currentTime > 0.5)
  const first = Number(await page.evaluate(listen))
  t.ok(Math.abs(first - 400) < 30, `${first} Hz`)
  t.strictSame(complaints, [])
})
