import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { shoot } from '../harness/clip.ts'
import { openService, type Service } from '../harness/service.ts'

const run = promisify(execFile)

/** Three languages, of which the third begins with the second second; and a track that begins long after the film. */
const tones = [
  { frequency: 300, marks: ['language=eng'] },
  { frequency: 700, marks: ['language=ger', 'title=Regie, "laut"'] },
  { frequency: 1500, from: 1, marks: ['language=ger'] },
  { frequency: 2500, from: 12, marks: ['language=fre'] }
]
const film = await shoot({ size: '160x90', fps: 5, seconds: 14, tones, group: 15 })

const audio_tracks = [
  { language: 'en', name: 'English', default: true },
  { language: 'de', name: 'Regie, laut', default: false },
  { language: 'de', name: 'German', default: false }
]

/** Hertz of the tone of a file's track, and the second at which it begins. */
async function heard(file: string, track = 0) {
  const args = ['-v', 'error', '-i', file, '-map', `0:a:${track}`, '-af', 'aresample=async=1:first_pts=0']
  const { stdout } = await run('ffmpeg', [...args, '-ac', '1', '-ar', '48000', '-f', 's16le', '-'], {
    encoding: 'buffer',
    maxBuffer: 64 * 1024 * 1024
  })
  const samples = new Int16Array(stdout.buffer, stdout.byteOffset, stdout.length >> 1)
  const from = samples.findIndex(sample => Math.abs(sample) > 1000)
  const middle = samples.subarray(5 * 48_000, 6 * 48_000)
  return {
    hertz: middle.filter((sample, at) => at > 0 && sample >= 0 && middle[at - 1]! < 0).length,
    from: from / 48_000
  }
}

async function isTone(
  t: Test,
  file: string,
  track: number,
  { frequency, from = 0 }: { frequency: number; from?: number }
) {
  const sound = await heard(file, track)
  t.ok(Math.abs(sound.hertz - frequency) < 10, `${path.basename(file)}: ${sound.hertz} Hz`)
  return Math.abs(sound.from - from)
}

/** What a player loads that takes another track: the picture, without a byte of sound. */
async function checkPicture(t: Test, get: (name: string) => Promise<Buffer>, folder: string) {
  const playlist = String(await get('hls/90p/picture.m3u8'))
  const parts = [await get(`hls/90p/${/URI="([^"]+)"/.exec(playlist)![1]}`)]
  for (const [, bytes, name] of playlist.matchAll(/#EXT-X-BYTERANGE:(\d+)@0\n(\S+)/g)) {
    parts.push((await get(`hls/90p/${name}`)).subarray(0, Number(bytes)))
  }
  const file = path.join(folder, 'picture.mp4')
  await writeFile(file, Buffer.concat(parts))
  const entries = ['-count_packets', '-show_entries', 'stream=codec_type,nb_read_packets', '-of', 'csv=p=0']
  t.equal((await run('ffprobe', ['-v', 'error', ...entries, file])).stdout, 'video,70\n')
  t.equal((await run('ffmpeg', ['-v', 'warning', '-xerror', '-i', file, '-f', 'null', '-'])).stderr, '', 'it decodes')
}

async function checkFilm(t: Test, service: Service, id: string) {
  const video = (await service.get(`/api/videos/${id}`)).json()
  t.strictSame(video.audio_tracks, audio_tracks)
  const { rows } = await service.db.pool.query('select audio_tracks from ops.videos where id = $1', [id])
  t.strictSame(rows, [{ audio_tracks }], 'SQL says the same')
  t.match(video.probe.notes, [
    { about: 'audio', reason: 'late', detail: /stream 4 .*fr.* does not begin with the film/ }
  ])

  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-tracks-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const get = async (name: string) => (await service.get(`/api/videos/${id}/files/${name}`)).rawPayload
  const print = path.join(folder, 'print.mp4')
  await writeFile(print, await get('90p.mp4'))
  for (const [at, tone] of tones.slice(0, 3).entries()) {
    t.ok((await isTone(t, print, at, tone)) < 0.05, 'it begins with the picture of the file as in the original')
  }

  t.notMatch(String(await get('hls/master.m3u8')), /EXT-X-MEDIA/, 'whose rungs carry the default track')
  t.equal(video.hls_tracks_url, `/api/videos/${id}/files/hls/tracks.m3u8`)
  const master = String(await get('hls/tracks.m3u8'))
  const media = (name: string, language: string, isDefault: string, at: number) =>
    `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="${name}",LANGUAGE="${language}",DEFAULT=${isDefault},AUTOSELECT=YES,CHANNELS="1",URI="audio-${at}/index.m3u8"`
  t.strictSame(
    master.split('\n').filter(line => line.startsWith('#EXT-X-MEDIA')),
    [media('English', 'en', 'YES', 1), media('Regie, laut', 'de', 'NO', 2), media('German', 'de', 'NO', 3)]
  )
  t.match(master, /#EXT-X-STREAM-INF:.*CODECS="avc1\.\w{6},mp4a\.40\.2",AUDIO="sound"\n90p\/picture\.m3u8/)
  await checkPicture(t, get, folder)

  // Each stream as one file, from its playlist: what a player loads.
  const streams = await Promise.all(
    ['audio-1', 'audio-2', 'audio-3', '90p'].map(async name => {
      const playlist = String(await get(`hls/${name}/index.m3u8`))
      t.match(playlist, /#EXT-X-ENDLIST/)
      const urls = [/URI="([^"]+)"/.exec(playlist)![1]!, ...playlist.split('\n').filter(line => /^[^#]/.test(line))]
      const file = path.join(folder, `${name}.mp4`)
      await writeFile(file, Buffer.concat(await Promise.all(urls.map(url => get(`hls/${name}/${url}`)))))
      return file
    })
  )
  const begins = await Promise.all(streams.map((file, at) => isTone(t, file, 0, tones[at % 3]!)))
  t.ok(Math.max(...begins) - Math.min(...begins) < 0.005, `streams are in time with each other: ${begins}`)
  return print
}

t.test('with AUDIO_TRACKS=all prints and streams have every track, also of a film that is made in parts', async t => {
  const service = await openService(t, { env: { AUDIO_TRACKS: 'all', DARKROOM_FILM_PARTS: '10,4,8' }, worker: true })
  const { id, task_id } = await service.keep(film)
  t.match(await service.finished(task_id), { state: 'SUCCESS' })
  t.ok((await service.get('/api/tasks?task=process_video_part')).json().items.length > 3, 'in parts')
  const parts = await checkFilm(t, service, id)

  await service.finished(await service.submit('process_video', { video_id: id, parts: false }))
  const one = await checkFilm(t, service, id)
  const tags = async (file: string) => {
    const entries = 'stream=codec_name:stream_tags=language,handler_name:stream_disposition=default'
    return (await run('ffprobe', ['-v', 'error', '-show_entries', entries, '-of', 'csv=p=0', file])).stdout
  }
  t.equal(await tags(one), await tags(parts), 'both ways make the same tracks')
  t.match(await tags(one), /^h264.*\naac,1,eng,English\naac,0,ger,"?Regie, laut"?\naac,0,ger,German\n$/)
})

t.test('without it there is the default track alone', async t => {
  const service = await openService(t, { worker: true })
  const { id, task_id } = await service.keep(film)
  await service.finished(task_id)
  const video = (await service.get(`/api/videos/${id}`)).json()
  t.strictSame(video.audio_tracks, audio_tracks.slice(0, 1))
  t.notMatch((await service.get(`/api/videos/${id}/files/hls/master.m3u8`)).body, /EXT-X-MEDIA:/)
})
