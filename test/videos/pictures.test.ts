import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { findMediaTools } from '#media/binaries.ts'
import { shoot } from '../harness/clip.ts'
import { film, skipWithoutMedia } from '../harness/media.ts'
import { openService } from '../harness/service.ts'
import { tusClient } from '../harness/tus.ts'
import { until } from '../harness/until.ts'

const ffmpeg = (...args: string[]) => promisify(execFile)('ffmpeg', ['-v', 'error', '-y', ...args])

async function folder(t: Test) {
  const made = await mkdtemp(path.join(tmpdir(), 'darkroom-pictures-'))
  t.teardown(() => rm(made, { recursive: true, force: true }))
  return made
}

/** A film of the given filters, with a keyframe where the encoder wants one. */
async function shootAs(t: Test, graph: string, ...more: string[]) {
  const file = path.join(await folder(t), 'film.mp4')
  await ffmpeg(
    '-filter_complex',
    graph,
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-pix_fmt',
    'yuv420p',
    ...more,
    file
  )
  return readFile(file)
}

const service = await openService(t, { env: { WORKER_CONCURRENCY: '1' }, worker: true })

async function developed(content: Buffer, filename?: string) {
  const { id, task_id } = await service.keep(content, filename)
  const task = await service.finished(task_id)
  t.equal(task.state, 'SUCCESS', JSON.stringify(task.error))
  return (await service.get(`/api/videos/${id}`)).json()
}

const get = (video: any, name: string, headers = {}) => service.get(`/api/videos/${video.id}/files/${name}`, headers)

/** Size of a picture, and the light of its middle from 0 to 255. */
async function look(t: Test, picture: Buffer, crop = 'iw:ih:0:0') {
  const file = path.join(await folder(t), 'picture')
  await writeFile(file, picture)
  const { stdout: size } = await promisify(execFile)('ffprobe', [
    ...['-v', 'error', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', file]
  ])
  const { stdout } = await promisify(execFile)(
    'ffmpeg',
    [
      ...['-v', 'error', '-i', file, '-frames:v', '1', '-vf'],
      ...[`crop=${crop},scale=1:1:flags=area,format=gray`, '-f', 'rawvideo', '-']
    ],
    { encoding: 'buffer' }
  )
  return { size: size.trim().replace(/,$/, ''), light: stdout[0]! }
}

interface Cell {
  from: string
  sheet: string
  x: number
  y: number
  width: number
  height: number
}

function cellsOf(vtt: string): Cell[] {
  return [...vtt.matchAll(/^(\S+) --> \S+\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)$/gm)].map(
    ([, from = '', sheet = '', ...numbers]) => {
      const [x = 0, y = 0, width = 0, height = 0] = numbers.map(Number)
      return { from, sheet, x, y, width, height }
    }
  )
}

t.test('a film has a poster, a preview and a storyboard, each with its type', async t => {
  const video = await developed(await shoot({ size: '640x360', seconds: 3 }))

  const expected = { 'poster.jpg': 'image/jpeg', 'preview.webp': 'image/webp', 'storyboard.vtt': /^text\/vtt/ }
  for (const [name, type] of Object.entries(expected)) {
    const response = await get(video, name)
    t.equal(response.statusCode, 200, name)
    t.match(
      response.headers,
      { 'content-type': type, etag: /^"/, 'x-content-type-options': 'nosniff', 'accept-ranges': 'bytes' },
      name
    )
    const part = await get(video, name, { range: 'bytes=0-3' })
    t.equal(part.statusCode, 206)
    t.ok(part.rawPayload.equals(response.rawPayload.subarray(0, 4)), name)
    t.equal((await get(video, name, { 'if-none-match': String(response.headers.etag) })).statusCode, 304)
  }
  t.match(video, {
    poster_url: `/api/videos/${video.id}/files/poster.jpg`,
    storyboard_url: `/api/videos/${video.id}/files/storyboard.vtt`,
    subtitles: [],
    probe: { notes: [] }
  })
  const { size } = await look(t, (await get(video, 'poster.jpg')).rawPayload)
  t.equal(size, '640,360')
  t.match((await get(video, 'preview.webp')).rawPayload.toString('latin1'), /^RIFF....WEBPVP8X[\s\S]*ANIM/, 'it moves')
})

t.test('the poster of a film that begins black is not black', async t => {
  const dark = 'color=black:s=320x180:r=10:d=2'
  const video = await developed(await shootAs(t, `${dark}[a];testsrc2=s=320x180:r=10:d=1[b];[a][b]concat`))

  const { light } = await look(t, (await get(video, 'poster.jpg')).rawPayload)
  t.ok(light > 60, `${light}`)
})

t.test('a film that is bright only between its keyframes has a bright poster', async t => {
  // Prints have keyframes at 0, 4, 8 and 12 s.
  const bright = 'testsrc2=s=320x180:r=10:d=14'
  const graph = `${bright},lutyuv=y=16:u=128:v=128:enable='not(between(mod(t\\,4)\\,1\\,3))'`
  const video = await developed(await shootAs(t, graph))

  const { light } = await look(t, (await get(video, 'poster.jpg')).rawPayload)
  t.ok(light > 60, `${light}`)
})

t.test('a black film has a black poster', async t => {
  const video = await developed(await shootAs(t, 'color=black:s=320x180:r=10:d=1'))

  const { light } = await look(t, (await get(video, 'poster.jpg')).rawPayload)
  t.ok(light < 20, `${light}`)
  t.strictSame(video.probe.notes, [])
})

t.test('each cell of the storyboard shows the film at its time', async t => {
  // Every second is brighter than the one before.
  const graph = `color=black:s=16x10:r=5:d=20,geq=lum='20+10*floor(T)':cb=128:cr=128,scale=320:180`
  const video = await developed(await shootAs(t, graph))

  const cells = cellsOf((await get(video, 'storyboard.vtt')).payload)
  t.strictSame(
    cells.map(({ from }) => from),
    ['00:00:00.000', '00:00:04.000', '00:00:08.000', '00:00:12.000', '00:00:16.000']
  )
  const sheet = (await get(video, cells[0]!.sheet)).rawPayload
  for (const [at, { x, y, width, height }] of cells.entries()) {
    const { light } = await look(t, sheet, `${width}:${height}:${x}:${y}`)
    // From the range of video to that of a picture.
    const expected = ((20 + 40 * at - 16) * 255) / 219
    t.ok(Math.abs(light - expected) < 8, `cell ${at}: ${light} instead of ${expected}`)
  }
})

t.test('a storyboard has at most four sheets, however long the film is', async t => {
  // Ten hours, in few frames.
  const video = await developed(await shootAs(t, 'testsrc2=s=64x36:r=1/40:d=36000', '-g', '1'))

  const cells = cellsOf((await get(video, 'storyboard.vtt')).payload)
  const sheets = new Set(cells.map(({ sheet }) => sheet))
  t.ok(cells.length > 200 && cells.length <= 400, `${cells.length} cells`)
  t.ok(sheets.size <= 4)
  t.equal(cells.at(-1)!.from.slice(0, 2), '09', 'to its end')
  for (const sheet of sheets) t.equal((await get(video, sheet)).statusCode, 200)
  t.equal((await get(video, 'storyboard-4.jpg')).statusCode, 404)
})

t.test('a portrait film has upright pictures', async t => {
  const video = await developed(await shoot({ size: '180x320' }))

  const cells = cellsOf((await get(video, 'storyboard.vtt')).payload)
  t.match(cells[0], { width: 90, height: 160 })
  t.equal((await look(t, (await get(video, 'poster.jpg')).rawPayload)).size, '180,320')
})

t.test('a film of one frame has pictures, too', async t => {
  const video = await developed(await shootAs(t, 'testsrc2=s=320x180:r=10:d=0.1'))

  t.equal(cellsOf((await get(video, 'storyboard.vtt')).payload).length, 1)
  t.ok((await look(t, (await get(video, 'poster.jpg')).rawPayload)).light > 60)
  t.strictSame(video.probe.notes, [])
})

t.test('a file of sound alone has no pictures', async t => {
  const file = path.join(await folder(t), 'sound.m4a')
  await ffmpeg('-f', 'lavfi', '-i', 'sine=d=1', file)
  const video = await developed(await readFile(file))

  t.match(video, { status: 'ready', poster_url: null, storyboard_url: null, subtitles: [], probe: { notes: [] } })
  t.equal((await get(video, 'poster.jpg')).statusCode, 404)
})

/** The first second of a film, with the marks that it has. */
async function beginning(t: Test, film: string) {
  const file = path.join(await folder(t), path.basename(film))
  await ffmpeg('-i', film, '-t', '1', '-map', '0', '-c', 'copy', file)
  return readFile(file)
}

t.test('pictures of real films are upright and have square pixels', { skip: skipWithoutMedia }, async t => {
  const sizes = {
    'anamorphic-sar-2x1.mp4': '1280,360',
    'rotated-ccw90-nasa.mp4': '270,480',
    'hdr10-hevc-10bit.mp4': '320,180',
    'single-frame-rotated.mp4': '60,100'
  }
  for (const [name, expected] of Object.entries(sizes)) {
    const video = await developed(await beginning(t, film(name)))
    const { size } = await look(t, (await get(video, 'poster.jpg')).rawPayload)
    t.equal(size, expected, name)
  }
})

t.test('pictures are made, reused, replaced and removed with the prints', async t => {
  const content = await shoot({ size: '320x180', seconds: 2, fps: 12 })
  const first = await developed(content)
  const client = tusClient(await service.listen())
  const address = await client.create(content.length)
  await client.patch(address, 0, content)
  const { video_id, task_id: copying } = (await client.get(address)).body
  t.match(await service.finished(copying), { state: 'SUCCESS', result: { reused: true } })
  const same = (await service.get(`/api/videos/${video_id}`)).json()
  const poster = await get(first, 'poster.jpg')
  t.ok(poster.rawPayload.equals((await get(same, 'poster.jpg')).rawPayload))
  t.match(same, { poster_url: new RegExp(same.id), storyboard_url: new RegExp(same.id) })

  const { task_id } = (await service.post(`/api/videos/${first.id}/process`)).json()
  await service.finished(task_id)
  t.not((await get(first, 'poster.jpg')).headers.etag, poster.headers.etag, 'a new set has new files')

  await service.api.app.inject({ method: 'DELETE', url: `/api/videos/${first.id}` })
  t.equal((await get(first, 'poster.jpg')).statusCode, 404)
  t.equal((await get(same, 'storyboard-0.jpg')).statusCode, 200, 'the other film keeps its own')
  t.notOk(
    (await service.files()).some(file => file.includes(first.id)),
    'nothing is left'
  )
})

/** Its workers have broken ffmpegs, one after another; no two films are of the same bytes. */
const broken = await openService(t, { env: { WORKER_CONCURRENCY: '1' } })

/** The real ffmpeg, but for runs whose arguments fit a pattern of the shell: these do something else. */
async function brokenFfmpeg(t: Test, pattern: string, instead: string) {
  const { ffmpeg: real } = await findMediaTools()
  const file = path.join(await folder(t), 'ffmpeg')
  await writeFile(file, `#!/bin/sh\ncase "$*" in ${pattern}) ${instead};; esac\nexec '${real}' "$@"\n`, { mode: 0o755 })
  return file
}

t.test('a film whose pictures cannot be made is ready, and says what is missing', async t => {
  const FFMPEG_PATH = await brokenFfmpeg(t, '*storyboard-*|*poster.jpg*', 'echo "no memory for /var/x" >&2; exit 1')
  const worker = await broken.startWorker({ FFMPEG_PATH })
  t.teardown(() => worker.stop(0))
  const { id, task_id } = await broken.keep(await shoot({ size: '160x90', fps: 10 }))
  await broken.finished(task_id)

  const video = (await broken.get(`/api/videos/${id}`)).json()
  t.match(video, { status: 'ready', poster_url: null, storyboard_url: null })
  t.strictSame(
    video.probe.notes.map(({ about, reason }: any) => [about, reason]),
    [
      ['storyboard', 'failed'],
      ['preview', 'failed'],
      ['poster', 'failed']
    ]
  )
  t.equal(
    video.probe.notes[0].detail,
    'The storyboard could not be made: ffmpeg ended with code 1: no memory for ….',
    'without a path of ours'
  )
  t.match((await broken.get(`/api/tasks/${task_id}/log`)).payload, /The poster could not be made/)
  t.notOk((await broken.files()).some(file => file.includes(id) && /jpg|webp|vtt/.test(file)))
})

t.test('a picture that was cut off is not served', async t => {
  const FFMPEG_PATH = await brokenFfmpeg(
    t,
    '*poster.jpg*',
    `for each; do case "$each" in file:*poster.jpg) printf '\\377\\330\\377' > "\${each#file:}";; esac; done; exit 0`
  )
  const worker = await broken.startWorker({ FFMPEG_PATH })
  t.teardown(() => worker.stop(0))
  const { id, task_id } = await broken.keep(await shoot({ size: '160x90', fps: 11 }))
  await broken.finished(task_id)

  const video = (await broken.get(`/api/videos/${id}`)).json()
  t.match(video, { status: 'ready', poster_url: null, storyboard_url: String })
  t.equal((await broken.get(`/api/videos/${id}/files/poster.jpg`)).statusCode, 404)
})

t.test('an ffmpeg without animated WebP makes all but the preview', async t => {
  const FFMPEG_PATH = await brokenFfmpeg(t, '*libwebp_anim*', `echo "Unknown encoder 'libwebp_anim'" >&2; exit 1`)
  const worker = await broken.startWorker({ FFMPEG_PATH })
  t.teardown(() => worker.stop(0))
  const { id, task_id } = await broken.keep(await shoot({ size: '160x90', fps: 12 }))
  await broken.finished(task_id)

  const video = (await broken.get(`/api/videos/${id}`)).json()
  t.match(video, { status: 'ready', poster_url: String, storyboard_url: String })
  t.match(video.probe.notes, [{ about: 'preview', reason: 'not_supported', detail: /libwebp_anim/ }])
})

t.test('a disk that is full during the pictures fails the attempt, not the film', async t => {
  const message = 'av_interleaved_write_frame(): No space left on device'
  const FFMPEG_PATH = await brokenFfmpeg(t, '*poster.jpg*', `echo "${message}" >&2; exit 1`)
  const worker = await broken.startWorker({ FFMPEG_PATH })
  t.teardown(() => worker.stop(0))
  const { id, task_id } = await broken.keep(await shoot({ size: '160x90', fps: 13 }))

  const task = await broken.until(task_id, ({ state }) => state === 'RETRY')
  t.match(task.error, { type: 'StorageFull' })
  const kept = async () => (await broken.files()).some(file => file.includes(id) && file.includes('prints-'))
  await until(async () => !(await kept()), 'nothing of the attempt is kept, its stream neither')
})

t.test('a name is looked up, and never a path', async t => {
  const video = await developed(await shoot())

  for (const name of ['set.json', 'subtitles', 'poster.jpg.part', '%2e%2e/x']) {
    const { statusCode } = await get(video, name)
    t.ok([400, 404].includes(statusCode), `${name}: ${statusCode}`)
  }
})
