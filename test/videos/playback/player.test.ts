import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import t from 'tap'
import { openPage, skipWithoutBrowser } from '../../harness/browser.ts'
import { shoot } from '../../harness/clip.ts'
import { quickFfmpeg } from '../../harness/quick-ffmpeg.ts'
import { openService } from '../../harness/service.ts'

const script = path.resolve(import.meta.dirname, '../../../node_modules/hls.js/dist/hls.light.min.js')
const html = `<!doctype html><title>A shop</title><video muted></video><script src="hls.js"></script>`

t.test(
  'a page of another origin plays a film by its link, and asks for nothing else',
  { skip: skipWithoutBrowser },
  async t => {
    const FFMPEG_PATH = await quickFfmpeg(t, process.env.FFMPEG_PATH || 'ffmpeg')
    const service = await openService(t, { env: { FFMPEG_PATH }, worker: true })
    const address = await service.listen()
    const { id, task_id } = await service.keep(await shoot({ size: '1280x720', seconds: 4 }))
    await service.finished(task_id)
    const { hls_url, url, poster_url } = (await service.post(`/api/videos/${id}/playback`, { seconds: 60 })).json()

    const hls = await readFile(script)
    const shop = createServer((request, response) => {
      const isScript = request.url === '/hls.js'
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
      response.end(isScript ? hls : html)
    })
    await new Promise<void>(resolve => shop.listen(0, '127.0.0.1', resolve))
    t.teardown(() => {
      shop.closeAllConnections()
      shop.close()
    })
    const origin = `http://localhost:${(shop.address() as AddressInfo).port}`

    const { page } = await openPage(t, origin)
    const asked: string[] = []
    const refused: string[] = []
    page.on('request', request => request.url().startsWith(address) && asked.push(request.url()))
    page.on(
      'response',
      response => response.status() >= 400 && !response.url().endsWith('.ico') && refused.push(response.url())
    )
    await page.goto(origin)
    const ended = await page.evaluate(
      source =>
        new Promise<string>(resolve => {
          const { Hls, document } = globalThis as any
          const video = document.querySelector('video')
          const player = new Hls()
          player.on(Hls.Events.ERROR, (_: unknown, { fatal, details }: any) => fatal && resolve(details))
          player.on(Hls.Events.MANIFEST_PARSED, () => {
            // Both rungs are asked for.
            player.nextLevel = 1
            void video.play()
          })
          video.addEventListener('ended', () => resolve(`ended after ${Math.round(video.currentTime)} s`))
          player.loadSource(source)
          player.attachMedia(video)
        }),
      `${address}${hls_url}`
    )
    t.equal(ended, 'ended after 4 s')
    const below = address + hls_url.slice(0, hls_url.indexOf('/hls/') + 1)
    t.ok(asked.some(each => /\.m4s$/.test(each)) && asked.length >= 5, `${asked.length} requests`)
    t.strictSame(
      asked.filter(each => !each.startsWith(below) || each.includes('?')),
      [],
      'all of them are below the token'
    )

    // A plain <video> of another site, which sends no Origin.
    const size = await page.evaluate(
      ([film, poster]) =>
        new Promise<string>(resolve => {
          const { document, Image } = globalThis as any
          const video = document.createElement('video')
          const picture = new Image()
          video.addEventListener('error', () => resolve('the film failed'))
          picture.addEventListener('error', () => resolve('the poster failed'))
          video.addEventListener('loadeddata', () => {
            if (picture.complete) resolve(`${video.videoHeight} and ${picture.naturalWidth > 0}`)
            else picture.addEventListener('load', () => resolve(`${video.videoHeight} and true`))
          })
          picture.src = poster!
          video.src = film!
        }),
      [`${address}${url}`, `${address}${poster_url}`]
    )
    t.equal(size, '720 and true')
    t.strictSame(refused, [])
  }
)
