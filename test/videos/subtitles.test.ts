import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { film, skipWithoutMedia } from '../harness/media.ts'
import { openService } from '../harness/service.ts'

const service = await openService(t, { worker: true })

interface Track {
  /** The file with the subtitles, as text. */
  content: string
  extension: 'srt' | 'ass'
  language?: string
  disposition?: string
}

/** A film of a second or more with these tracks. */
async function shootWith(t: Test, tracks: Track[], seconds = 1) {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-subtitles-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const files = await Promise.all(
    tracks.map(async ({ content, extension }, at) => {
      const file = path.join(folder, `${at}.${extension}`)
      await writeFile(file, content)
      return file
    })
  )
  const made = path.join(folder, 'film.mkv')
  await promisify(execFile)('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=s=160x90:r=10:d=${seconds}`],
    ...files.flatMap(file => ['-i', file]),
    ...['-map', '0', ...files.flatMap((_, at) => ['-map', String(at + 1)])],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:s', 'copy'],
    ...tracks.flatMap(({ language, disposition = '0' }, at) => [
      ...(language ? [`-metadata:s:s:${at}`, `language=${language}`] : []),
      ...[`-disposition:s:${at}`, disposition]
    ]),
    made
  ])
  return readFile(made)
}

async function developed(content: Buffer) {
  const { id, task_id } = await service.keep(content, 'film.mkv')
  const task = await service.finished(task_id)
  t.equal(task.state, 'SUCCESS', JSON.stringify(task.error))
  return (await service.get(`/api/videos/${id}`)).json()
}

/** All at once, as it were: a millisecond apart. */
const srt = (...texts: string[]) =>
  texts.map((text, at) => `${at + 1}\n${srtTime(at)} --> ${srtTime(at + 900)}\n${text}\n`).join('\n')
const srtTime = (ms: number) => `00:00:0${Math.floor(ms / 1000)},${String(ms % 1000).padStart(3, '0')}`

const ass = (...texts: string[]) =>
  [
    '[Script Info]\nScriptType: v4.00+\n',
    '[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: Default,Arial,20\n',
    '[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text',
    ...texts.map((text, at) => `Dialogue: 0,0:00:0${at}.00,0:00:0${at}.90,Default,,0,0,0,,${text}`)
  ].join('\n')

t.test('text subtitles are served as WebVTT, by BCP 47 language', async t => {
  const video = await developed(
    await shootWith(t, [
      { content: srt('Hello'), extension: 'srt', language: 'eng' },
      { content: ass('{\\an8\\i1}Guten{\\i0} Tag,\\Ndu'), extension: 'ass', language: 'ger' },
      { content: srt('Hello [door]'), extension: 'srt', language: 'eng', disposition: 'hearing_impaired' },
      { content: srt('Hello too'), extension: 'srt', language: 'eng' },
      { content: srt('?'), extension: 'srt' }
    ])
  )

  const url = (language: string) => `/api/videos/${video.id}/files/subtitles/${language}.vtt`
  t.strictSame(
    video.subtitles,
    ['de', 'en', 'en-x-2', 'en-x-sdh', 'und'].map(language => ({ language, url: url(language) }))
  )
  const response = await service.get(url('de'))
  t.match(response.headers, { 'content-type': 'text/vtt; charset=utf-8', 'x-content-type-options': 'nosniff' })
  t.equal(response.payload, 'WEBVTT\n\n00:00:00.000 --> 00:00:00.900\nGuten Tag,\ndu\n')
  t.match(await service.get(url('de'), { range: 'bytes=0-5' }), { statusCode: 206, payload: 'WEBVTT' })
  t.equal((await service.get(url('fr'))).statusCode, 404)
  const { rows } = await service.db.pool.query('select subtitles from ops.videos where id = $1', [video.id])
  t.strictSame(rows[0].subtitles, video.subtitles)
})

t.test('text cannot become a cue, a note, a tag or a drawing', async t => {
  const video = await developed(
    await shootWith(
      t,
      [
        {
          content: ass(
            'a\\N\\N00:00:05.000 --> 00:00:06.000\\Nforged',
            '<script>alert(1)</script> & <c.x>',
            '{\\p1}m 0 0 l 100 0 100 100{\\p0}',
            'NOTE\\N\\NSTYLE\\N::cue { background: url(//x) }',
            '\u202eback\u202c and \u2067open'
          ),
          extension: 'ass',
          language: 'eng'
        }
      ],
      6
    )
  )

  const { payload } = await service.get(video.subtitles[0].url)
  t.strictSame(payload.match(/^.* --> .*$/gm), [
    '00:00:00.000 --> 00:00:00.900',
    '00:00:01.000 --> 00:00:01.900',
    '00:00:03.000 --> 00:00:03.900',
    '00:00:04.000 --> 00:00:04.900'
  ])
  t.match(payload, 'a\n00:00:05.000 --&gt; 00:00:06.000\nforged\n')
  t.match(payload, '&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;c.x&gt;\n')
  t.match(payload, '.900\nNOTE\nSTYLE\n', 'inside of a cue')
  t.notMatch(payload, '\u202e')
  t.match(payload, '\u2067open\u2069\n')
})

t.test('huge subtitles are cut off, and the film says so', async t => {
  const huge = 'x'.repeat(3_000)
  const many = Array.from({ length: 4_000 }, () => huge)
  const lines = Array.from({ length: 40 }, (_, at) => `line ${at}`).join('\n')
  const video = await developed(
    await shootWith(t, [
      { content: srt(...many), extension: 'srt', language: 'eng' },
      { content: srt(lines), extension: 'srt', language: 'fre' }
    ])
  )

  const { payload } = await service.get(video.subtitles[0].url)
  t.ok(payload.length < 2_100_000, `${payload.length}`)
  t.ok(Math.max(...payload.split('\n').map(line => line.length)) <= 1_000)
  t.match(video.probe.notes, [{ about: 'subtitles', reason: 'cut', detail: /cut off/ }])
  const french = (await service.get(video.subtitles[1].url)).payload
  t.notMatch(french, 'line 12')
})

t.test('an empty track is left out', async t => {
  const video = await developed(await shootWith(t, [{ content: ass('{\\p1}m 0 0{\\p0}'), extension: 'ass' }]))

  t.strictSame(video.subtitles, [])
  t.match(video.probe.notes, [{ about: 'subtitles', reason: 'empty' }])
})

t.test('subtitles that are pictures are left out with a reason', { skip: skipWithoutMedia }, async t => {
  const video = await developed(await readFile(film('subs-pgs-ac3.mkv')))

  t.match(video, { status: 'ready', subtitles: [] })
  t.match(video.probe.notes, [{ about: 'subtitles', reason: 'not_text', detail: /hdmv_pgs_subtitle, en/ }])
})
