import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { film, skipWithoutMedia } from '../harness/media.ts'
import { openService } from '../harness/service.ts'

const service = await openService(t, { env: { WORKER_CONCURRENCY: '1' }, worker: true })

async function processed(content: Buffer, filename?: string) {
  const { id, task_id } = await service.keep(content, filename)
  const task = await service.finished(task_id)
  return { task, video: (await service.get(`/api/videos/${id}`)).json() }
}

t.test('a film becomes ready in three sizes, with all facts about them', async t => {
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
    hls_url: url('hls/master.m3u8'),
    poster_url: url('poster.jpg'),
    storyboard_url: url('storyboard.vtt'),
    subtitles: [],
    probe: { video: { width: 1920, height: 1080, codec: 'h264' }, audio: Object },
    task_id,
    error: null,
    created_at: /^\d{4}-.*Z$/,
    ready_at: /^\d{4}-.*Z$/
  })
  t.strictSame(
    Object.keys(video).sort(),
    [
      'audio_tracks bytes created_at created_by error filename hls_tracks_url hls_url id playback playback_epoch poster_url probe processed progress ready_at renditions',
      'resolution_1080p resolution_480p resolution_720p sha256 status storyboard_url subtitles task_id'
    ]
      .join(' ')
      .split(' ')
  )
  t.strictSame(
    (await service.files()).filter(file => !file.includes('/hls/')).map(file => path.basename(file)),
    [
      ...['original', '1080p.mp4', '480p.mp4', '720p.mp4', 'poster.jpg', 'preview.webp', 'set.json'],
      ...['storyboard-0.jpg', 'storyboard.vtt']
    ],
    'nothing is left of the work'
  )
  t.strictSame((await service.get(`/api/videos/${id}/status`)).json(), {
    video_id: id,
    status: 'ready',
    processed: true,
    progress: 1,
    error: null
  })
  for (const { url, bytes } of video.renditions) {
    const file = await service.get(url)
    t.equal(file.statusCode, 200)
    t.equal(file.rawPayload.length, bytes, `${url} is as long as is said`)
  }
})

t.test('a film that is smaller than every rung gets one print, under its own name', async t => {
  const { video } = await processed(await shoot({ size: '320x180' }))

  t.match(video, { status: 'ready', resolution_480p: null, resolution_720p: null, resolution_1080p: null })
  t.match(video.renditions, [
    { name: '180p', status: 'ready', width: 320, height: 180, url: `/api/videos/${video.id}/files/180p.mp4` },
    ...['480p', '720p', '1080p'].map(name => ({ name, status: 'skipped', reason: 'source_smaller', url: null }))
  ])
})

t.test('a film between two rungs gets the lower ones', async t => {
  const { video } = await processed(await shoot({ size: '960x540' }))

  t.equal(video.resolution_480p, `/api/videos/${video.id}/files/480p.mp4`)
  t.match(video, { status: 'ready', resolution_720p: null, resolution_1080p: null })
  t.match(video.renditions, [
    { name: '480p', status: 'ready', height: 480 },
    { name: '720p', status: 'skipped', reason: 'source_smaller' },
    { name: '1080p', status: 'skipped', reason: 'source_smaller' }
  ])
})

t.test('a portrait film stays portrait', { skip: skipWithoutMedia }, async t => {
  const { video } = await processed(await readFile(film('sideways movie.mov')))

  t.equal(video.status, 'ready')
  const prints = video.renditions.filter(({ status }: any) => status === 'ready')
  t.ok(prints.length > 0)
  for (const { name, width, height } of prints) {
    t.ok(height > width, `${name} is ${width}x${height}`)
    t.equal(`${width}p`, name, 'a rung is the short side')
  }
})

t.test('sound only becomes one rendition without a picture', { skip: skipWithoutMedia }, async t => {
  for (const name of ['audio-only.mp4', 'cover-1400.mp3']) {
    const { video } = await processed(await readFile(film(name)), name)

    t.match(video, { status: 'ready', resolution_480p: null, resolution_720p: null, resolution_1080p: null }, name)
    t.match(video.renditions, [{ name: 'audio', status: 'ready', width: null, height: null, url: /\/audio\.m4a$/ }])
    t.equal(video.renditions.length, 1, name)
    t.equal((await service.get(video.renditions[0].url)).headers['content-type'], 'audio/mp4')
  }
})

t.test('processing never changes the uploaded file', async t => {
  const content = await shoot({ fps: 12 })
  const { id, task_id } = await service.keep(content)
  const original = path.join(service.dataDir, 'videos', id, 'original')
  const before = await stat(original)

  await service.finished(task_id)

  t.equal((await stat(original)).mtimeMs, before.mtimeMs)
  t.ok(content.equals(await readFile(original)))
})
