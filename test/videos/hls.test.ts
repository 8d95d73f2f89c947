import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { quickFfmpeg } from '../harness/quick-ffmpeg.ts'
import { openService, type Service } from '../harness/service.ts'
import { slowFfmpeg } from '../harness/slow-ffmpeg.ts'
import { tusClient } from '../harness/tus.ts'
import { until } from '../harness/until.ts'

type Play = Awaited<ReturnType<typeof playlist>>

/** A playlist as a player reads it. */
async function playlist(service: Service, url: string) {
  const { statusCode, body, headers } = await service.get(url)
  const folder = url.slice(0, url.lastIndexOf('/') + 1)
  const lines = body.split('\n')
  return {
    statusCode,
    headers,
    body,
    init: /#EXT-X-MAP:URI="([^"]+)"/.exec(body)?.[1] ?? '',
    durations: [...body.matchAll(/#EXTINF:([\d.]+),/g)].map(([, seconds]) => Number(seconds)),
    ended: lines.includes('#EXT-X-ENDLIST'),
    urls: lines.filter(line => line !== '' && !line.startsWith('#')).map(line => folder + line),
    url: (name: string) => folder + name
  }
}

const sum = (numbers: number[]) => numbers.reduce((all, number) => all + number, 0)

/** Reads a whole stream as a player that does not trust our headers: by ffprobe, from its files alone. */
async function read(service: Service, { init, url, urls }: Play) {
  const files = await Promise.all([url(init), ...urls].map(each => service.get(each)))
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-hls-'))
  try {
    const file = path.join(folder, 'whole.mp4')
    await writeFile(file, Buffer.concat(files.map(({ rawPayload }) => rawPayload)))
    const entries = 'stream=codec_name,width,height,nb_read_frames:frame=media_type,key_frame,pts_time'
    const { stdout } = await promisify(execFile)(
      'ffprobe',
      ['-v', 'error', '-count_frames', '-show_entries', entries, '-show_frames', '-of', 'json', file],
      { maxBuffer: 64 * 1024 * 1024 }
    )
    return JSON.parse(stdout)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const FFMPEG_PATH = await quickFfmpeg(t, process.env.FFMPEG_PATH || 'ffmpeg')
const service = await openService(t, { env: { FFMPEG_PATH, WORKER_CONCURRENCY: '1' }, worker: true })

t.test('a film is a stream of all its rungs, which are equally long and change at the same moments', async t => {
  const { id, task_id } = await service.keep(await shoot({ size: '1280x720', seconds: 5 }))
  t.match(await service.finished(task_id), { state: 'SUCCESS' })

  const { hls_url } = (await service.get(`/api/videos/${id}`)).json()
  t.equal(hls_url, `/api/videos/${id}/files/hls/master.m3u8`)
  const master = await playlist(service, hls_url)
  t.match(master.headers, { 'content-type': 'application/vnd.apple.mpegurl', etag: /^"/ })
  t.match(master.body, /RESOLUTION=854x480,FRAME-RATE=10\.000,CODECS="avc1\.4[2d]\w{4},mp4a\.40\.2"\n480p\/index\.m3u8/)
  t.equal(master.urls.length, 2)

  const frames: number[][] = []
  for (const [at, url] of master.urls.entries()) {
    const play = await playlist(service, url)
    t.ok(play.ended, 'it says that it is complete')
    t.strictSame(play.durations, [1, 1, 2, 1])
    const whole = await read(service, play)
    t.match(whole.streams, [{ codec_name: 'h264', height: [480, 720][at] }, { codec_name: 'aac' }])
    t.equal(Number(whole.streams[0].nb_read_frames), 50, 'no frame is missing')
    const keyframes = whole.frames.filter((frame: any) => frame.media_type === 'video' && frame.key_frame === 1)
    frames.push(keyframes.map((frame: any) => Number(frame.pts_time)))
  }
  t.equal(frames[0]!.length, 4, 'one keyframe begins each segment')
  t.strictSame(frames[0], frames[1], 'keyframes are aligned')

  const files = await service.files()
  t.strictSame(
    files.filter(file => file.endsWith('.served') || file.startsWith('work/')),
    [],
    'the work is tidied up'
  )
})

t.test('sound alone is a stream, too', async t => {
  const { id, task_id } = await service.keep(await shoot({ size: null, seconds: 9 }), 'song.m4a')
  t.match(await service.finished(task_id), { state: 'SUCCESS', result: { hls: true } })

  const film = (await service.get(`/api/videos/${id}`)).json()
  t.match(film, { status: 'ready', hls_url: /master\.m3u8$/, poster_url: null, resolution_480p: null })
  t.match(film.renditions, [{ name: 'audio', status: 'ready', url: /\/audio\.m4a$/, codec: 'aac' }])
  const { rows } = await service.db.pool.query('select hls_url from ops.videos where id = $1', [id])
  t.strictSame(rows, [{ hls_url: film.hls_url }])
  const master = await playlist(service, film.hls_url)
  t.match(
    master.body,
    /#EXT-X-STREAM-INF:BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+,CODECS="mp4a\.40\.2"\naudio\/index\.m3u8\n$/
  )
  const play = await playlist(service, master.urls[0]!)
  t.ok(play.ended)
  t.equal(play.durations.length, 3)
  t.ok(Math.abs(sum(play.durations) - 9) < 0.1, 'it is as long as the sound')
  const whole = await read(service, play)
  t.match(whole.streams, [{ codec_name: 'aac' }])
  t.equal(whole.streams.length, 1)
})

t.test('a film can be played while it is being made', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep(await shoot({ size: '854x480', seconds: 10 }))
  const film = async () => (await service.get(`/api/videos/${id}`)).json()
  t.equal((await film()).hls_url, null, 'before its first segment there is nothing to play')
  await service.startWorker(await slowFfmpeg(t))

  await service.until(task_id, ({ progress_detail }: any) => progress_detail?.hls)

  const goOn = await pause(service.dataDir)
  const video = await film()
  t.match(video, { status: 'processing', processed: false, resolution_480p: null, hls_url: String })
  const master = await playlist(service, video.hls_url)
  t.equal(master.urls.length, 1)
  t.match(master.headers, { 'cache-control': 'no-store', etag: /^"/ })
  const growing = await playlist(service, master.urls[0]!)
  t.match(growing.headers, { 'cache-control': 'no-store', 'content-type': 'application/vnd.apple.mpegurl' })
  t.notOk(growing.ended)
  t.match(growing.body, '#EXT-X-PLAYLIST-TYPE:EVENT')
  t.equal(growing.durations[0], 1)
  const early = await read(service, growing)
  t.equal(Number(early.streams[0].nb_read_frames), sum(growing.durations) * 10, 'what is named is complete')

  goOn()
  await service.finished(task_id)
  const complete = await playlist(service, master.urls[0]!)
  t.ok(complete.ended)
  t.strictSame(complete.durations, [1, 1, 2, 4, 2])
  t.strictSame(complete.urls.slice(0, growing.urls.length), growing.urls, 'a player goes on where it is')
  t.equal(Number((await read(service, complete)).streams[0].nb_read_frames), 100)
  t.match(await film(), { status: 'ready', hls_url: video.hls_url })
})

t.test('segments are served for ever, in parts, and under no other name', async t => {
  const { id, task_id } = await service.keep(await shoot({ seconds: 5 }))
  await service.finished(task_id)
  const master = await playlist(service, `/api/videos/${id}/files/hls/master.m3u8`)
  const play = await playlist(service, master.urls[0]!)
  const [url = ''] = play.urls

  const whole = await service.get(url)
  t.match(whole.headers, {
    'content-type': 'video/iso.segment',
    'cache-control': /immutable/,
    'accept-ranges': 'bytes',
    'x-content-type-options': 'nosniff',
    etag: /^"/
  })
  t.match((await service.get(play.url(play.init))).headers, {
    'content-type': 'video/mp4',
    'cache-control': /immutable/
  })
  const etag = String(whole.headers.etag)
  const part = await service.get(url, { range: 'bytes=10-19', 'if-range': etag })
  t.equal(part.statusCode, 206)
  t.strictSame(part.rawPayload, whole.rawPayload.subarray(10, 20))
  t.equal((await service.get(url, { range: 'bytes=10-19', 'if-range': '"other"' })).statusCode, 200)
  t.equal((await service.get(url, { range: 'bytes=99999999-' })).statusCode, 416)
  t.equal((await service.get(url, { 'if-none-match': etag })).statusCode, 304)
  t.match(master.headers, { 'cache-control': /no-cache/ })
  t.equal(
    (await service.get(`/api/videos/${id}/files/hls/master.m3u8`, { 'if-none-match': String(master.headers.etag) }))
      .statusCode,
    304
  )

  for (const name of [
    'hls',
    'hls/',
    'hls/320x180',
    'hls/growing/1.m3u8',
    'hls/../set.json',
    'hls/180p/..%2f..%2fset.json',
    'hls/180p/x-00000-4.m4s'
  ]) {
    t.equal((await service.get(`/api/videos/${id}/files/${name}`)).statusCode, 404, name)
  }
})

t.test('prints of the same bytes bring their stream along', async t => {
  const content = await shoot({ seconds: 2 })
  const first = await service.keep(content)
  await service.finished(first.task_id)
  const client = tusClient(await service.listen())
  const address = await client.create(content.length)
  await client.patch(address, 0, content)
  const second = (await client.get(address)).body
  t.match(await service.finished(second.task_id), { state: 'SUCCESS', result: { reused: true, hls: true } })

  await service.delete(`/api/videos/${first.id}`)
  const master = await playlist(service, `/api/videos/${second.video_id}/files/hls/master.m3u8`)
  const whole = await read(service, await playlist(service, master.urls[0]!))
  t.equal(Number(whole.streams[0].nb_read_frames), 20)
})

t.test('one print is made again beside the others, and the stream has all of them', async t => {
  const { id, task_id } = await service.keep(await shoot({ size: '1280x720', seconds: 2 }))
  await service.finished(task_id)
  const film = async () => (await service.get(`/api/videos/${id}`)).json()
  const etags = async () => {
    const answers = await Promise.all(['480p', '720p'].map(name => service.get(`/api/videos/${id}/files/${name}.mp4`)))
    return answers.map(({ headers }) => headers.etag)
  }
  const before = { film: await film(), etags: await etags() }

  t.equal((await service.post(`/api/videos/${id}/process`, { only: ['tall'] })).statusCode, 400)
  const again = await service.post(`/api/videos/${id}/process`, { only: ['480p'] })
  t.equal(again.statusCode, 202)
  t.match(await service.finished(again.json().task_id), { state: 'SUCCESS' })

  const after = { film: await film(), etags: await etags() }
  const brief = ({ renditions }: any) => renditions.map(({ name, status, reason }: any) => ({ name, status, reason }))
  t.strictSame(brief(after.film), brief(before.film))
  t.not(after.etags[0], before.etags[0], 'made anew')
  t.equal(after.etags[1], before.etags[1], 'as it was')
  const master = await playlist(service, after.film.hls_url)
  t.equal(master.urls.length, 2)
  for (const url of master.urls) {
    const whole = await read(service, await playlist(service, url))
    t.equal(Number(whole.streams[0].nb_read_frames), 20)
  }

  const none = await service.post(`/api/videos/${id}/process`, { only: ['1080p'] })
  const failed = await service.finished(none.json().task_id)
  t.match(failed, { state: 'FAILURE', attempts: 1, error: { type: 'NothingToMake', message: /1080p: source is 720p/ } })
  t.match(await film(), { status: 'ready', hls_url: String }, 'what it has stays')
})

t.test('a film that is cancelled while it can be played leaves nothing of its stream', async t => {
  const service = await openService(t)
  await service.startWorker(await slowFfmpeg(t))
  const { id, task_id } = await service.keep(await shoot({ seconds: 20 }))
  await service.until(task_id, ({ progress_detail }: any) => progress_detail?.hls)
  t.equal((await service.get(`/api/videos/${id}/files/hls/master.m3u8`)).statusCode, 200)

  await service.post(`/api/tasks/${task_id}/cancel?wait=10`)

  t.match(await service.finished(task_id), { state: 'REVOKED' })
  t.match((await service.get(`/api/videos/${id}`)).json(), { status: 'failed', hls_url: null })
  t.equal((await service.get(`/api/videos/${id}/files/hls/master.m3u8`)).statusCode, 404)
  await until(async () => (await service.files()).join() === `videos/${id}/original`, 'only the original is left')
})

t.test('an attempt after one that was killed serves a stream of its own', async t => {
  const service = await openService(t)
  await service.startWorker(await slowFfmpeg(t))
  const { id, task_id } = await service.keep(await shoot({ seconds: 12 }))
  const playable = ({ progress_detail }: any) => progress_detail?.hls
  await service.until(task_id, playable)
  await pause(service.dataDir)
  const url = `/api/videos/${id}/files/hls/180p/index.m3u8`
  const first = await playlist(service, url)
  for (const pid of await pidsOf(service.dataDir)) process.kill(pid, 'SIGKILL')

  const second = await service
    .until(task_id, task => task.attempts > 1 && playable(task))
    .then(() => playlist(service, url))
  t.equal(second.durations[0], 1)
  t.notOk(
    second.urls.some(each => first.urls.includes(each)),
    'no segment has the name of an older one'
  )
  t.match(await service.finished(task_id), { state: 'SUCCESS' })
  const complete = await playlist(service, url)
  t.strictSame(complete.durations, [1, 1, 2, 4, 4])
  t.equal(new Set(complete.urls.map(each => each.replace(/-\d{5}-.*/, ''))).size, 1, 'all are of one attempt')
  t.equal((await service.get(first.urls[0]!)).statusCode, 404)
  await until(
    async () => (await service.files()).every(file => !file.includes(`${task_id}-1/`)),
    'the older one is gone'
  )
})

/** The processes of ffmpeg that work below a folder. */
async function pidsOf(folder: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args='], { maxBuffer: 16 * 1024 * 1024 })
  const lines = stdout.split('\n').filter(line => line.includes('ffmpeg') && line.includes(folder))
  return lines.map(line => Number.parseInt(line, 10))
}

/** Stops ffmpeg, so that a slow machine sees the film as it is; returns what lets it go on. */
async function pause(folder: string) {
  const pids = await pidsOf(folder)
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  return () => {
    for (const pid of pids) process.kill(pid, 'SIGCONT')
  }
}

t.test('progress tells of phases and rungs, and is complete only after the checks', async t => {
  const service = await openService(t)
  const { task_id } = await service.keep(await shoot({ size: '1280x720', seconds: 3 }))
  const seen: any[] = []
  service.api.watching.watch(task_id, now => void seen.push(now))
  await service.startWorker(await slowFfmpeg(t))
  const task: any = await service.finished(task_id)

  t.match(task, {
    progress: 1,
    progress_detail: {
      ...{ phase: 'checking', hls: true, frame: 30 },
      rungs: [
        { name: '720p', fraction: 1, segments: 3, bytes: Number },
        { name: '480p', fraction: 1, segments: 3, bytes: Number }
      ]
    }
  })
  const fractions = seen.map(({ progress }) => progress ?? 0)
  t.strictSame(
    fractions,
    fractions.toSorted((a, b) => a - b),
    'it never goes back'
  )
})

t.test('a print that the source already is gets copied, and its stream fits that of the others', async t => {
  const service = await openService(t, { worker: true })
  const { id, task_id } = await service.keep(await shoot({ size: '1280x720', seconds: 6, group: 15 }))
  t.match(await service.finished(task_id), { state: 'SUCCESS' })

  const film = (await service.get(`/api/videos/${id}`)).json()
  const reasons = film.renditions.map(({ name, status, reason }: any) => `${name} ${status} ${reason}`)
  t.strictSame(reasons, ['480p ready null', '720p ready copied', '1080p skipped source_smaller'])
  const master = await playlist(service, film.hls_url)
  for (const url of master.urls) {
    const play = await playlist(service, url)
    t.strictSame(play.durations, [4.5, 1.5])
    t.equal(Number((await read(service, play)).streams[0].nb_read_frames), 60)
  }

  const again = await service.post(`/api/videos/${id}/process`, { only: ['480p'] })
  t.match(await service.finished(again.json().task_id), { state: 'SUCCESS' })
  for (const url of (await playlist(service, film.hls_url)).urls) {
    t.strictSame((await playlist(service, url)).durations, [4.5, 1.5], 'also when one is made again')
  }
})
