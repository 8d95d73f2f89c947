import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { becomes } from '../harness/becomes.ts'
import { skipWithoutBrowser } from '../harness/browser.ts'
import { openDashboard } from '../harness/dashboard.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

/** Twenty seconds, brighter every four, with subtitles in two languages. */
async function shootWithSubtitles(t: Test) {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-film-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const [words, film] = [path.join(folder, 'words.srt'), path.join(folder, 'film.mkv')]
  await writeFile(words, '1\n00:00:00,000 --> 00:00:20,000\n<b>Hello</b> & goodbye\n')
  await promisify(execFile)('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'color=black:s=640x360:r=5:d=20', '-i', words, '-i', words],
    ...['-map', '0', '-map', '1', '-map', '2', '-vf', `geq=lum='40+40*floor(T/4)':cb=128:cr=128,format=yuv420p`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-metadata:s:s:0', 'language=eng'],
    ...['-metadata:s:s:1', 'language=ger', film]
  ])
  return readFile(film)
}

t.test('pictures and words of a film', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true })
  const { visit, complaints } = await openDashboard(t, await service.listen())
  const { id, task_id } = await service.keep(await shootWithSubtitles(t), 'grey.mkv')
  await service.finished(task_id)

  await t.test('its card has the poster, and moves nothing when that arrives', async t => {
    const page = await visit('/videos')
    const poster = page.getByRole('list', { name: 'Films' }).locator('img')
    await poster.evaluate(
      (image: any) => image.complete || new Promise(done => image.addEventListener('load', done, { once: true }))
    )
    const shown = () =>
      poster.evaluate((image: any) => [image.naturalWidth, image.loading, image.getAttribute('width')])
    const box = await poster.evaluate((image: any) => {
      const { width, height } = image.parentElement.getBoundingClientRect()
      return width / height
    })

    await becomes(t, shown, [640, 'lazy', '320'])
    t.ok(Math.abs(Number(box) - 16 / 9) < 0.05, 'the place has its shape before the picture comes')
  })

  await t.test('the storyboard above the seek bar shows the film at the pointer', async t => {
    const page = await visit(`/videos/${id}`)
    const seek = page.getByRole('slider', { name: 'Position' })
    await page
      .locator('video')
      .evaluate(
        (film: any) =>
          film.readyState >= 1 || new Promise(done => film.addEventListener('loadedmetadata', done, { once: true }))
      )
    await seek.hover()
    const picture = page.locator('.player-peek image')
    await picture.waitFor()
    const box = (await seek.boundingBox())!
    for (const [share, cell, clock] of [
      [0.05, '0 0 160 90', /^0:0[01]$/],
      [0.5, '320 0 160 90', /^0:(09|10)$/],
      [0.95, '640 0 160 90', /^0:(18|19)$/]
    ] as const) {
      await page.mouse.move(box.x + share * box.width, box.y + box.height / 2)
      await becomes(t, () => page.locator('.player-peek svg').getAttribute('viewBox'), cell)
      await becomes(t, () => page.locator('.player-peek .number').textContent(), clock)
    }

    t.match(await picture.getAttribute('href'), /\/files\/storyboard-0\.jpg$/)
    const peek = (await page.locator('.player-peek').boundingBox())!
    const player = (await page.getByRole('group', { name: 'Player of grey.mkv' }).boundingBox())!
    t.ok(peek.x + peek.width <= player.x + player.width && peek.y >= player.y, 'inside of the player')
    await page.mouse.move(0, 0)
    await page.locator('.player-peek').waitFor({ state: 'detached' })
  })

  await t.test('subtitles are chosen by language, and stay when the quality changes', async t => {
    const page = await visit(`/videos/${id}`)
    const shown = () =>
      page
        .locator('video')
        .evaluate((film: any) =>
          [...film.textTracks].filter(({ mode }: any) => mode === 'showing').map(({ language }: any) => language)
        )
    t.strictSame(await shown(), [])
    const choice = page.getByLabel('Subtitles')
    await becomes(t, () => choice.locator('option').allTextContents(), ['No subtitles', 'German', 'English'])
    await choice.selectOption('English')
    await until(async () => (await shown()).join() === 'en', 'English is shown')
    const text = await page.locator('video').evaluate(async (film: any) => {
      const track = [...film.querySelectorAll('track')].find(({ srclang }: any) => srclang === 'en')
      if (track.readyState < 2) await new Promise(done => track.addEventListener('load', done, { once: true }))
      return track.track.cues[0].text
    })
    t.equal(text, 'Hello &amp; goodbye', 'as WebVTT has it, so shown as "Hello & goodbye"')
    await choice.selectOption('No subtitles')
    await until(async () => (await shown()).length === 0, 'no subtitles are shown')
  })

  await t.test('its page says what the original is', async t => {
    const page = await visit(`/videos/${id}`)
    const facts = page.getByRole('region', { name: 'Facts' })
    await becomes(t, () => facts.textContent(), /Originalh264 · 640 × 360 · 5 fps/)
    await becomes(t, () => facts.textContent(), /SubtitlesGerman, English/)
  })

  t.strictSame(complaints, [])
})
