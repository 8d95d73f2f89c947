import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { film, skipWithoutMedia } from '../harness/media.ts'
import { openService, type Service } from '../harness/service.ts'
import { slowFfmpeg } from '../harness/slow-ffmpeg.ts'

async function processed(service: Service, content: Buffer, filename?: string) {
  const { id, task_id } = await service.keep(content, filename)
  const task = await service.finished(task_id)
  return { task, video: (await service.get(`/api/videos/${id}`)).json() }
}

t.test('a film becomes ready in three sizes, and says everything about them', async t => {
  const service = await openService(t, { worker: true })
  const content = await shoot({ size: '1920x1080', seconds: 1 })

  const { id, task_id } = await service.keep(content, 'sea.mp4')
  const task = await service.finished(task_id)

  t.match(task, { state: 'SUCCESS', error: null, progress: 1 })
  const video = (await service.get(`/api/videos/${id}`)).json()
  const url = (name: string) => `/api/videos/${id}/files/${name}`
  const print = (name: string, width: number, height: number) => ({
    name,
    width,
    height,
    status: 'ready',
    reason: null,
    url: url(`${name}.mp4`),
    bytes: Number,
    bitrate: Number,
    codec: /^h264/
  })
  t.match(video, {
    id,
    filename: 'sea.mp4',
    bytes: content.length,
    sha256: /^[0-9a-f]{64}$/,
    status: 'ready',
    processed: true,
    progress: 1,
    resolution_480p: url('480p.mp4'),
    resolution_720p: url('720p.mp4'),
    resolution_1080p: url('1080p.mp4'),
    renditions: [print('480p', 854, 480), print('720p', 1280, 720), print('1080p', 1920, 1080)],
    hls_url: null,
    poster_url: null,
    storyboard_url: null,
    probe: { video: { width: 1920, height: 1080, codec: 'h264' }, audio: Object },
    task_id,
    error: null,
    created_at: /^\d{4}-.*Z$/,
    ready_at: /^\d{4}-.*Z$/
  })
  t.strictSame(
    Object.keys(video).sort(),
    [
      'bytes created_at error filename hls_url id poster_url probe processed progress ready_at renditions',
      'resolution_1080p resolution_480p resolution_720p sha256 status storyboard_url task_id'
    ]
      .join(' ')
      .split(' ')
  )
  t.strictSame(
    (await service.files()).map(file => path.basename(file)),
    ['original', '1080p.mp4', '480p.mp4', '720p.mp4'],
    'nothing is left of the work'
  )
  t.strictSame((await service.get(`/api/videos/${id}/status`)).json(), {
    video_id: id,
    status: 'ready',
    processed: true,
    progress: 1
  })
  for (const { url, bytes } of video.renditions) {
    const file = await service.get(url)
    t.equal(file.statusCode, 200)
    t.equal(file.rawPayload.length, bytes, `${url} is as long as is said`)
  }
})

t.test('a film that is smaller than every rung gets one print, under its own name', async t => {
  const service = await openService(t, { worker: true })

  const { video } = await processed(service, await shoot({ size: '320x180' }))

  t.match(video, { status: 'ready', resolution_480p: null, resolution_720p: null, resolution_1080p: null })
  t.match(video.renditions, [
    { name: '180p', status: 'ready', width: 320, height: 180, url: `/api/videos/${video.id}/files/180p.mp4` },
    ...['480p', '720p', '1080p'].map(name => ({ name, status: 'skipped', reason: 'source_smaller', url: null }))
  ])
})

t.test('a film between two rungs gets the lower ones', async t => {
  const service = await openService(t, { worker: true })

  const { video } = await processed(service, await shoot({ size: '960x540' }))

  t.equal(video.resolution_480p, `/api/videos/${video.id}/files/480p.mp4`)
  t.match(video, { status: 'ready', resolution_720p: null, resolution_1080p: null })
  t.match(video.renditions, [
    { name: '480p', status: 'ready', height: 480 },
    { name: '720p', status: 'skipped', reason: 'source_smaller' },
    { name: '1080p', status: 'skipped', reason: 'source_smaller' }
  ])
})

t.test('a film taken upright stays upright', { skip: skipWithoutMedia }, async t => {
  const service = await openService(t, { worker: true })

  const { video } = await processed(service, await readFile(film('sideways movie.mov')))

  t.equal(video.status, 'ready')
  const prints = video.renditions.filter(({ status }: any) => status === 'ready')
  t.ok(prints.length > 0)
  for (const { name, width, height } of prints) {
    t.ok(height > width, `${name} is ${width}x${height}`)
    t.equal(`${width}p`, name, 'a rung is the short side')
  }
})

t.test('sound only becomes one rendition without a picture', { skip: skipWithoutMedia }, async t => {
  const service = await openService(t, { worker: true })

  for (const name of ['audio-only.mp4', 'cover-1400.mp3']) {
    const { video } = await processed(service, await readFile(film(name)), name)

    t.match(video, { status: 'ready', resolution_480p: null, resolution_720p: null, resolution_1080p: null }, name)
    t.match(video.renditions, [{ name: 'audio', status: 'ready', width: null, height: null, url: /\/audio\.m4a$/ }])
    t.equal(video.renditions.length, 1, name)
    t.equal((await service.get(video.renditions[0].url)).headers['content-type'], 'audio/mp4')
  }
})

t.test('what is no film fails, once, with a reason that its owner can understand', async t => {
  const service = await openService(t, { worker: true })

  const { task, video } = await processed(service, Buffer.from('Dear diary, this is no film at all.\n'.repeat(50)))

  t.match(task, { state: 'FAILURE', status: 'FAILED', attempts: 1, result: null })
  t.match(task.error, { type: 'not_media', message: /video/ })
  t.match(video, { status: 'failed', processed: false, error: task.error, ready_at: null, resolution_480p: null })
  t.ok(video.renditions.every(({ status }: any) => status === 'failed'))
  t.notMatch(JSON.stringify(video), service.dataDir, 'no path of ours is given away')
  t.strictSame(await service.files(), [`videos/${video.id}/original`])
  t.match((await service.get(`/api/videos/${video.id}/status`)).json(), { status: 'failed', processed: false })
})

t.test('films that are broken, encrypted or only begun fail with a reason', { skip: skipWithoutMedia }, async t => {
  const service = await openService(t, { worker: true })

  for (const name of ['broken-no-moov.mp4', 'WrongFile.mp4', 'truncated-10k.mp4', 'encrypted-cenc.mp4']) {
    const { task, video } = await processed(service, await readFile(film(name)), name)

    t.match(video, { status: 'failed', error: { type: /^[a-z_]+$/, message: /^[A-Z].*\.$/ } }, name)
    t.match(task, { state: 'FAILURE', attempts: 1 }, name)
  }
})

t.test('what happens can be watched: progress only ever grows, and the status goes one way', async t => {
  const service = await openService(t, { env: await slowFfmpeg(t) })
  const { id, task_id } = await service.keep(await shoot({ seconds: 4 }))
  const seen: { status: string; progress: number | null }[] = []
  const look = async () => {
    const { status, progress } = (await service.get(`/api/videos/${id}/status`)).json()
    if (JSON.stringify(seen.at(-1)) !== JSON.stringify({ status, progress })) seen.push({ status, progress })
  }

  await look()
  await service.startWorker()
  // Each time that something is announced.
  await service.until(
    task_id,
    task => {
      void look()
      return task.finished_at !== null
    },
    60
  )
  await look()

  const words = [...new Set(seen.map(({ status }) => status))]
  t.strictSame(words, ['uploaded', 'processing', 'ready'])
  const progress = seen.map(({ progress }) => progress).filter(value => value !== null)
  t.strictSame(
    progress,
    progress.toSorted((one, other) => one - other)
  )
  t.ok(
    progress.some(value => value > 0 && value < 1),
    `in between, too: ${progress}`
  )
  t.equal(progress.at(-1), 1)
})

t.test('a file that is uploaded is never touched by what is made of it', async t => {
  const service = await openService(t, { worker: true })
  const content = await shoot()
  const { id, task_id } = await service.keep(content)
  const original = path.join(service.dataDir, 'videos', id, 'original')
  const before = await stat(original)

  await service.finished(task_id)

  t.equal((await stat(original)).mtimeMs, before.mtimeMs)
  t.ok(content.equals(await readFile(original)))
})
