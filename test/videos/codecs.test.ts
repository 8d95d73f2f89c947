import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { findMediaTools } from '../../src/media/binaries.ts'
import { findEncoders } from '../../src/media/encode/encoders.ts'
import { shoot } from '../harness/clip.ts'
import { openService, type Service } from '../harness/service.ts'

const run = promisify(execFile)
const { ffmpeg } = await findMediaTools()
const encoders = await findEncoders(ffmpeg, ['hevc', 'vp9', 'av1'])
const skip = Object.keys(encoders).length < 4 ? `${ffmpeg} has only ${Object.values(encoders)}` : false

const named = {
  h264: /^avc1\.4d40\w\w,mp4a\.40\.2$/,
  hevc: /^hvc1\.1\.6\.L\d+\.90,mp4a\.40\.2$/,
  vp9: /^vp09\.00\.\d\d\.08,mp4a\.40\.2$/,
  av1: /^av01\.0\.\d\dM\.08,mp4a\.40\.2$/
}

/** A folder with the prints and streams of a film, each stream as one file. */
async function fetched(t: Test, service: Service, id: string, prints: string[]) {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-codecs-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const get = async (name: string) => (await service.get(`/api/videos/${id}/files/${name}`)).rawPayload
  for (const name of prints) {
    await writeFile(path.join(folder, `${name}.mp4`), await get(`${name}.mp4`))
    const playlist = String(await get(`hls/${name}/index.m3u8`))
    const urls = [/URI="([^"]+)"/.exec(playlist)![1]!, ...playlist.split('\n').filter(line => /^[^#]/.test(line))]
    await writeFile(
      path.join(folder, `${name}.hls.mp4`),
      Buffer.concat(await Promise.all(urls.map(url => get(`hls/${name}/${url}`))))
    )
  }
  return (name: string) => path.join(folder, name)
}

async function keyframes(file: string) {
  const args = ['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=pts_time,flags', '-of', 'csv=p=0', file]
  const { stdout } = await run('ffprobe', args)
  const times = stdout
    .trim()
    .split('\n')
    .map(line => ({ at: Number(line.split(',')[0]), key: line.includes('K') }))
  const first = Math.min(...times.map(({ at }) => at))
  return { frames: times.length, at: times.flatMap(({ at, key }) => (key ? Math.round((at - first) * 10) / 10 : [])) }
}

t.test('each further codec of CODECS is one more print and stream of each rung', { skip }, async t => {
  const service = await openService(t, {
    env: { CODECS: 'av1,hevc,vp9', RUNGS: '480p', PROFILE: 'fast', WORKER_CONCURRENCY: '1' },
    worker: true
  })
  const film = await shoot({ size: '640x480', fps: 6, seconds: 6 })
  const { id, task_id } = await service.keep(film)
  t.match(await service.finished(task_id), { state: 'SUCCESS', result: { reused: false } })
  const video = (await service.get(`/api/videos/${id}`)).json()
  const names = ['480p', '480p.av1', '480p.hevc', '480p.vp9']
  t.match(
    video.renditions,
    names.map(name => {
      const url = `/api/videos/${id}/files/${name}.mp4`
      return { name, status: 'ready', width: 640, height: 480, codec: name.split('.')[1] ?? 'h264', url }
    })
  )
  t.equal(video.resolution_480p, `/api/videos/${id}/files/480p.mp4`, 'which every device plays')
  const { rows } = await service.db.pool.query('select renditions, resolution_480p from ops.videos where id = $1', [id])
  t.match(rows, [{ resolution_480p: video.resolution_480p, renditions: names.map(name => ({ name })) }])

  const master = (await service.get(`/api/videos/${id}/files/hls/master.m3u8`)).body
  const variants = [...master.matchAll(/CODECS="([^"]+)"\n(.+)\/index\.m3u8/g)].map(([, codecs, name]) => ({
    codecs,
    name
  }))
  t.match(variants, [
    { name: '480p', codecs: named.h264 },
    { name: '480p.hevc', codecs: named.hevc },
    { name: '480p.vp9', codecs: named.vp9 },
    { name: '480p.av1', codecs: named.av1 }
  ])

  const file = await fetched(t, service, id, names)
  for (const name of names) {
    for (const each of [file(`${name}.mp4`), file(`${name}.hls.mp4`)]) {
      t.strictSame(await keyframes(each), { frames: 36, at: [0, 1, 2, 4] }, `${name}: segments begin where others do`)
      const { stderr } = await run('ffmpeg', ['-v', 'warning', '-xerror', '-i', each, '-f', 'null', '-'])
      t.equal(stderr, '', 'it decodes')
    }
  }
  const tags = await run('ffprobe', [
    '-v',
    'error',
    '-show_entries',
    'stream=codec_tag_string',
    '-of',
    'csv=p=0',
    file('480p.hevc.mp4')
  ])
  t.match(tags.stdout, /^hvc1/, 'the name that Apple takes')

  const again = await service.post(`/api/videos/${id}/process`, { only: ['480p.hevc'] })
  t.match(await service.finished(again.json().task_id), { state: 'SUCCESS' })
  const after = (await service.get(`/api/videos/${id}`)).json()
  t.strictSame(
    after.renditions.map(({ name, status }: any) => [name, status]),
    names.map(name => [name, 'ready'])
  )
  const kept = (await service.get(`/api/videos/${id}/files/hls/master.m3u8`)).body
  t.strictSame(kept.match(/480p[.\w]*(?=\/index)/g)?.sort(), names.toSorted())
})

t.test('a film in parts has the very streams of one run in each codec', { skip }, async t => {
  const service = await openService(t, {
    env: { CODECS: 'hevc', DARKROOM_FILM_PARTS: '10,4,8', PROFILE: 'fast', WORKER_CONCURRENCY: '1' },
    worker: true
  })
  const { id, task_id } = await service.keep(await shoot({ size: '160x90', fps: 5, seconds: 14, group: 15 }))
  t.match(await service.finished(task_id), { state: 'SUCCESS', attempts: 1 })
  t.ok((await service.get('/api/tasks?task=process_video_part')).json().items.length > 3, 'in parts')
  const names = ['90p', '90p.hevc']
  const file = await fetched(t, service, id, names)
  for (const name of names) {
    for (const each of [file(`${name}.mp4`), file(`${name}.hls.mp4`)]) {
      t.strictSame(await keyframes(each), { frames: 70, at: [0, 1, 2, 4, 8, 12] }, name)
      const { stderr } = await run('ffmpeg', ['-v', 'warning', '-xerror', '-i', each, '-f', 'null', '-'])
      t.equal(stderr, '', 'it decodes')
    }
  }
})

t.test('a worker does not start where its ffmpeg lacks an encoder of CODECS, and says which', async t => {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-lacking-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const lacking = path.join(folder, 'ffmpeg')
  const script = `#!/bin/sh
case "$*" in *libx265*) echo "Unknown encoder 'libx265'" >&2; exit 1 ;; esac
exec '${ffmpeg}' "$@"
`
  await writeFile(lacking, script, { mode: 0o755 })
  const service = await openService(t, { env: { FFMPEG_PATH: lacking } })
  await t.rejects(service.startWorker({ CODECS: 'hevc' }), {
    message: /^CODECS names hevc, and .*ffmpeg has no encoder for it that works \(libx265\): install/
  })
})
