import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { shoot } from '../harness/clip.ts'
import { lengths, named, partsOf, playlist } from '../harness/parts.ts'
import { quickFfmpeg } from '../harness/quick-ffmpeg.ts'
import { openService } from '../harness/service.ts'

const run = promisify(execFile)

/** Prints, streams as files, and playlists of a film, in a folder of the test's own. */
async function fetched(t: Test, id: string, rungs: string[]) {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-parts-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const get = async (name: string) => (await service.get(`/api/videos/${id}/files/${name}`)).rawPayload
  for (const rung of rungs) {
    await writeFile(path.join(folder, `${rung}.mp4`), await get(`${rung}.mp4`))
    const body = String(await get(`hls/${rung}/index.m3u8`))
    const { init, urls } = playlist(body)
    const files = await Promise.all([init, ...urls].map(name => get(`hls/${rung}/${name}`)))
    await writeFile(path.join(folder, `${rung}.hls.mp4`), Buffer.concat(files))
    await writeFile(path.join(folder, rung), body)
  }
  return (name: string) => path.join(folder, name)
}

async function output(program: string, args: string[]) {
  const { stdout, stderr } = await run(program, args, { maxBuffer: 64 * 1024 * 1024 })
  return stdout + stderr
}

const packets = (file: string, stream: string) =>
  output('ffprobe', [
    ...[
      '-v',
      'error',
      '-select_streams',
      stream,
      '-show_entries',
      `packet=pts,dts,flags${stream === 'a' ? ',data_hash' : ''}`
    ],
    ...['-show_data_hash', 'md5', '-of', 'csv=p=0', file]
  ])

const FFMPEG_PATH = await quickFfmpeg(t, process.env.FFMPEG_PATH || 'ffmpeg')
const service = await openService(t, { env: { ...lengths, FFMPEG_PATH, WORKER_CONCURRENCY: '1' }, worker: true })

// As small as a film with the rungs can be.
const sources = {
  'with 23.976 pictures a second': { rungs: ['180p'], shot: { seconds: 18, fps: 24000 / 1001, group: 48 } },
  'with two rungs': { rungs: ['480p', '720p'], shot: { size: '720x720', seconds: 14, fps: 6, group: 30 } },
  'of HDR': { rungs: ['180p'], shot: { seconds: 14, fps: 6, group: 30, hdr: true } }
}

for (const [what, { rungs, shot }] of Object.entries(sources)) {
  t.test(`parts make the very film of a single run: ${what}`, async t => {
    const { id, task_id } = await service.keep(await shoot(shot))
    const task = await service.finished(task_id)
    t.match(task, { state: 'SUCCESS', attempts: 1, progress: 1, result: { reused: false }, worker: String })
    t.strictSame((await partsOf(service, task_id)).map(named).slice(0, 3), [0, 'sound', 1])
    const { items } = (await service.get(`/api/tasks/${task_id}/attempts`)).json()
    t.match(items, [{ number: 1, outcome: 'success', worker: String }], 'a client sees one attempt')
    const left = (await service.files()).filter(file => file.includes('/parts/') || file.startsWith('work/'))
    t.strictSame(left, [], 'the work is tidied up')

    const parts = await fetched(t, id, rungs)
    await service.finished(await service.submit('process_video', { video_id: id, parts: false }))
    const one = await fetched(t, id, rungs)
    for (const rung of rungs) {
      const [ours, theirs] = [parts(`${rung}.mp4`), one(`${rung}.mp4`)]
      t.equal(await packets(ours, 'v'), await packets(theirs, 'v'), `${rung}: the same times and keyframes`)
      t.equal(await packets(ours, 'a'), await packets(theirs, 'a'), `${rung}: the same sound, byte by byte`)
      const look = ['-v', 'info', '-i', ours, '-i', theirs, '-lavfi', '[0:v][1:v]psnr', '-an', '-f', 'null', '-']
      t.ok(Number(/min:([\d.]+)/.exec(await output('ffmpeg', look))?.[1]) > 25, `${rung}: each frame shows the same`)
      t.equal(
        await packets(parts(`${rung}.hls.mp4`), 'v'),
        await packets(one(`${rung}.hls.mp4`), 'v'),
        'so in its stream'
      )
      t.strictSame(durationsIn(await readFile(parts(rung), 'utf8')), durationsIn(await readFile(one(rung), 'utf8')))
      for (const file of [ours, parts(`${rung}.hls.mp4`)]) {
        t.equal(await output('ffmpeg', ['-v', 'warning', '-xerror', '-i', file, '-f', 'null', '-']), '', 'it decodes')
      }
    }
  })
}

const durationsIn = (body: string) =>
  [...body.matchAll(/#EXTINF:([\d.]+)/g)].map(([, seconds]) => Number(seconds).toFixed(2))

t.test('some prints of a film are made again in parts, beside those that are there', async t => {
  const { id, task_id } = await service.keep(
    await shoot({ size: '720x720', seconds: 12, fps: 6, group: 30, sound: false })
  )
  t.match(await service.finished(task_id), { state: 'SUCCESS' })
  const etag = async (name: string) => (await service.get(`/api/videos/${id}/files/${name}`)).headers.etag
  const names = ['720p.mp4', '480p.mp4', 'poster.jpg']
  const before = await Promise.all(names.map(etag))

  const again = (await service.post(`/api/videos/${id}/process`, { only: ['480p'] })).json()
  t.match(await service.finished(again.task_id), { state: 'SUCCESS' })
  t.strictSame((await partsOf(service, again.task_id)).map(named), [0, 1, 'join'])
  t.strictSame(
    (await Promise.all(names.map(etag))).map((each, at) => each === before[at]),
    [true, false, true],
    'only the one that was asked for is another one'
  )
  const { body } = await service.get(`/api/videos/${id}/files/hls/master.m3u8`)
  t.strictSame(playlist(`${body}\n#EXT-X-MAP:URI="none"`).urls, ['480p/index.m3u8', '720p/index.m3u8'])
  const video = (await service.get(`/api/videos/${id}`)).json()
  t.match(video, { status: 'ready', hls_url: String, poster_url: String })
})

t.test('a long film whose largest print can be copied is made in one run, which copies it', async t => {
  const { id, task_id } = await service.keep(await shoot({ size: '720x720', seconds: 14, group: 15 }))
  t.match(await service.finished(task_id), { state: 'SUCCESS', attempts: 1 })
  t.strictSame(await partsOf(service, task_id), [])
  const { renditions } = (await service.get(`/api/videos/${id}`)).json()
  t.match(
    renditions.find(({ name }: any) => name === '720p'),
    { status: 'ready', reason: 'copied' }
  )
})
