import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { crc32, deflateSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { findMediaTools, type MediaTools } from '#media/binaries.ts'
import { develop, isDiskFailure, type Report } from '#media/develop.ts'
import { type Progress, readProgress } from '#media/encode/progress.ts'
import { refuseExcess, usualBudget } from '#media/plan/budget.ts'
import { planPrints } from '#media/plan/ladder.ts'
import { probe } from '#media/probe/probe.ts'
import { MediaRejected } from '#media/rejected.ts'
import { lockAsWorkersDo } from '../harness/lock.ts'

t.setTimeout(240_000)
// Most of a case's time is the start of programs, one after the other.
t.jobs = 2

const tools = await findMediaTools()
await lockAsWorkersDo(t)
const secret = 'SECRET-OF-THE-NEIGHBOUR'

/** A directory of its own, with an upload that is not the test's beside it. */
async function neighbourhood(t: Test) {
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-hostile-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  await writeFile(join(directory, 'secret.txt'), secret)
  return directory
}

async function generate(file: string, args: string[]) {
  await promisify(execFile)(tools.ffmpeg, ['-nostdin', '-v', 'error', '-y', ...args, file])
  return file
}

const testPicture = (seconds: number, size = '320x240', rate = 25) => [
  ...['-f', 'lavfi', '-i', `testsrc2=duration=${seconds}:size=${size}:rate=${rate}`]
]
const testSound = (seconds: number) => ['-f', 'lavfi', '-i', `sine=duration=${seconds}`]
const quick = ['-c:v', 'libx264', '-preset', 'ultrafast']

const clips = new Map<number, Promise<Buffer>>()

/** Each length is made once. */
async function clip(directory: string, seconds = 2) {
  const content = clips.get(seconds) ?? makeClip(seconds)
  clips.set(seconds, content)
  const file = join(directory, 'real.mp4')
  await writeFile(file, await content)
  return file
}

async function makeClip(seconds: number) {
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-hostile-'))
  const args = [...testPicture(seconds), ...testSound(seconds), ...quick]
  const content = await readFile(await generate(join(directory, 'clip.mp4'), args))
  await rm(directory, { recursive: true })
  return content
}

async function caught(promise: Promise<unknown>): Promise<any> {
  try {
    await promise
  } catch (error) {
    return error
  }
  return undefined
}

t.test(
  'what is no video or sound is refused, and ffprobe opens no other file and no address',
  { buffered: true },
  async t => {
    const directory = await neighbourhood(t)
    await clip(directory)
    const visitors: (string | undefined)[] = []
    const server = createServer((request, response) => {
      visitors.push(request.url)
      response.end(secret)
    })
    await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready))
    t.teardown(() => server.close())
    const { port } = server.address() as { port: number }
    const url = `http://127.0.0.1:${port}`
    const hls = (uri: string) => `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n${uri}\n#EXT-X-ENDLIST\n`
    const bomb = pngBomb(16_000)
    const uploads: Record<string, string | Buffer> = {
      'ffconcat-text.mp4': "ffconcat version 1.0\nfile 'secret.txt'\n",
      'ffconcat-video.mp4': "ffconcat version 1.0\nfile 'real.mp4'\n",
      'ffconcat.txt': "ffconcat version 1.0\nfile 'real.mp4'\n",
      'hls.mp4': hls(`${url}/segment.ts`),
      'hls.m3u8': hls(`${url}/segment.ts`),
      'hls-file.m3u8': hls('real.mp4'),
      'hls-concat.m3u8': hls(`concat:${url}/header|file://${directory}/secret.txt`),
      'dash.mpd': `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>
      <Representation id="1" bandwidth="1"><BaseURL>${url}/</BaseURL></Representation></AdaptationSet></Period></MPD>`,
      'sdp.mp4':
        'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 49170 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
      'svg.mp4': `<svg xmlns="http://www.w3.org/2000/svg"><image href="${url}/x.png" width="9" height="9"/></svg>`,
      'page.mp4': `<!doctype html><script src="${url}/x.js"></script>`,
      'text.mp4': 'only words\n'.repeat(500),
      'text.txt': 'only words\n'.repeat(500),
      'bomb.png': bomb,
      'bomb.mp4': bomb,
      'y4m.mp4': 'YUV4MPEG2 W16384 H16384 F25:1 Ip A1:1 C420\nFRAME\n',
      'nothing.mp4': '',
      'noise.mp4': Buffer.from(Array.from({ length: 50_000 }, (_, at) => (at * 7919 + (at >> 3)) % 251))
    }

    for (const [name, content] of Object.entries(uploads)) {
      const file = join(directory, name)
      await writeFile(file, content)

      const error = await caught(probe(file, { tools }))

      t.ok(error instanceof MediaRejected, `${name}: ${error}`)
      t.notMatch(JSON.stringify([error?.message, error?.stack, error?.cause]), secret)
    }
    t.strictSame(visitors, [])
  }
)

t.test('the encode refuses them too, whatever facts it is given', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  const seen = await probe(await clip(directory), { tools })
  const { prints } = planPrints(seen)
  const source = join(directory, 'playlist.mp4')
  const output = join(directory, 'prints')

  for (const content of ["ffconcat version 1.0\nfile 'real.mp4'\n", "ffconcat version 1.0\nfile 'secret.txt'\n"]) {
    await writeFile(source, content)

    const error = await caught(develop({ source, probe: seen, prints, directory: output, tools }))

    t.equal(error?.code, 'unreadable')
    t.strictSame(await readdir(output), [])
  }
})

t.test('a file that is no film is refused', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  await mkdir(join(directory, 'folder.mp4'))

  t.equal((await caught(probe(join(directory, 'folder.mp4'), { tools })))?.code, 'not_a_file')
  t.equal((await caught(probe(join(directory, 'gone.mp4'), { tools })))?.code, 'ENOENT')
})

t.test('a decoder that is not on the list is not used', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  const rare = await generate(join(directory, 'rare.mkv'), [...testPicture(1), '-c:v', 'magicyuv'])

  const error = await caught(probe(rare, { tools }))

  t.equal(error?.code, 'unsupported_codec')
  t.match(error?.message, 'magicyuv')
})

t.test('a sound or subtitle that cannot be read is left out, and the picture encoded', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  const source = await generate(join(directory, 'rare.mkv'), [
    ...testPicture(1),
    ...testSound(1),
    ...quick,
    '-c:a',
    'wavpack'
  ])

  const found = await probe(source, { tools })
  const { made } = await develop({
    source,
    probe: found,
    ...planPrints(found),
    directory: join(directory, 'prints'),
    tools
  })

  t.match(found, { audio: null, video: { codec: 'h264', frames: 25, fps: 25 } })
  t.match(made, [{ name: '240p', frames: 25, audio_codec: null }])
})

t.test('a garbage sound is left out, and the picture encoded', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  const source = await clip(directory)
  await overwrite(source, 'a', () => 0xff)

  const found = await probe(source, { tools })
  const { made, damage } = await develop({
    source,
    probe: found,
    ...planPrints(found),
    directory: join(directory, 'prints'),
    tools
  })

  t.equal(found.audio?.codec, 'aac')
  t.match(made, [{ name: '240p', frames: 50, audio_codec: null }])
  t.strictSame(damage, { decode_errors: 0, missing_seconds: 0, share: 0, sound_share: 1 })
})

t.test('a garbage picture is refused, although it would have the right length', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  const source = await clip(directory)
  await overwrite(source, 'v', at => (at * 7919) % 251, 3)
  const found = await probe(source, { tools })

  const error = await caught(
    develop({ source, probe: found, ...planPrints(found), directory: join(directory, 'prints'), tools })
  )

  t.equal(error?.code, 'unreadable')
  t.strictSame(await readdir(join(directory, 'prints')), [])
})

async function budgeted(file: string) {
  const found = await probe(file, { tools })
  refuseExcess(found, planPrints(found).prints, usualBudget)
}

t.test('a few pictures that claim to last for hours are refused', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  const late = (hours: number) => [
    ...testPicture(2),
    ...['-vf', `setpts='if(eq(N,49),${hours * 3600}/TB,PTS)'`, '-fps_mode', 'vfr', ...quick]
  ]

  const sparse = await generate(join(directory, 'sparse.mkv'), late(10))
  const long = await generate(join(directory, 'long.mkv'), late(30))

  t.equal((await caught(budgeted(sparse)))?.code, 'too_sparse')
  t.equal((await caught(budgeted(long)))?.code, 'too_long')
})

t.test('timestamps that jump, unlike the header, end the encode', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  const twoASecond = testPicture(5, '320x240', 2)
  const jumping = ['-vf', "setpts='if(eq(N,9),36000/TB,PTS)'", '-fps_mode', 'vfr', ...quick]
  const source = await generate(join(directory, 'sparse.mkv'), [...twoASecond, ...jumping])
  const innocent = await generate(join(directory, 'innocent.mkv'), [...twoASecond, ...quick])
  const seen = await probe(innocent, { tools })

  const error = await caught(
    develop({ source, probe: seen, ...planPrints(seen), directory: join(directory, 'prints'), tools })
  )

  t.equal(error?.code, 'too_sparse')
  t.strictSame(await readdir(join(directory, 'prints')), [])
})

t.test('a picture larger than memory is refused', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  const file = await generate(join(directory, 'wall.gif'), [...testPicture(0.04, '8200x4600'), '-frames:v', '1'])

  t.equal((await caught(budgeted(file)))?.code, 'too_many_pixels')
})

t.test('a broadcast that changes its size half-way keeps its length and gets one size', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  const first = await generate(join(directory, '1.ts'), [...testPicture(1, '640x480'), ...quick])
  const second = await generate(join(directory, '2.ts'), [
    ...testPicture(1, '320x240'),
    '-output_ts_offset',
    '1',
    ...quick
  ])
  const source = join(directory, 'broadcast.ts')
  await writeFile(source, Buffer.concat([await readFile(first), await readFile(second)]))

  const found = await probe(source, { tools })
  const { made } = await develop({
    source,
    probe: found,
    ...planPrints(found),
    directory: join(directory, 'prints'),
    tools
  })

  t.match(made, [{ name: '480p', width: 640, height: 480 }])
  t.ok(made[0]!.frames! >= 45 && made[0]!.frames! <= 55, `${made[0]!.frames} frames`)
})

t.test('an abort kills ffmpeg and leaves no file', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  const source = await generate(join(directory, 'long.mp4'), [...testPicture(60, '640x480'), ...quick])
  const found = await probe(source, { tools })
  const output = join(directory, 'prints')
  const stop = new AbortController()
  const reason = new Error('not wanted any more')

  const error = await caught(
    develop({
      ...{ source, probe: found, ...planPrints(found), directory: output, tools, signal: stop.signal },
      onProgress: () => stop.abort(reason)
    })
  )

  t.equal(error, reason)
  t.strictSame(await readdir(output), [])
  t.strictSame(await processesThatMention(output), [])
})

t.test('a listener that throws ends the encode with its error', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  const source = await clip(directory, 20)
  const found = await probe(source, { tools })
  const output = join(directory, 'prints')
  const reason = new Error('the listener failed')
  const onProgress = () => {
    throw reason
  }

  const error = await caught(
    develop({ source, probe: found, ...planPrints(found), directory: output, tools, onProgress })
  )

  t.equal(error, reason)
  t.strictSame(await readdir(output), [])
})

t.test('a failed attempt leaves the prints of an earlier one in place', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  const found = await probe(await clip(directory), { tools })
  const output = join(directory, 'prints')
  await mkdir(output)
  await writeFile(join(output, '240p.mp4'), 'earlier')
  const broken = await pretender(directory, 'exit 1')

  await caught(
    develop({
      source: join(directory, 'real.mp4'),
      probe: found,
      ...planPrints(found),
      directory: output,
      tools: broken
    })
  )

  t.equal(await readFile(join(output, '240p.mp4'), 'utf8'), 'earlier')
})

t.test('an abort before the start starts no process', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  const source = await clip(directory)
  const reason = new Error('never mind')

  t.equal(await caught(probe(source, { tools, signal: AbortSignal.abort(reason) })), reason)
})

t.test('progress only increases, and is complete at the end', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  const source = await clip(directory, 20)
  const found = await probe(source, { tools })
  const reports: Report[] = []
  const names: string[][] = []

  await develop({
    ...{ source, probe: found, ...planPrints(found), directory: join(directory, 'prints'), tools },
    onProgress: report => {
      reports.push(report)
    },
    onCommand: command => names.push(command)
  })

  const fractions = reports.map(({ fraction }) => fraction!)
  t.strictSame(
    fractions,
    fractions.toSorted((a, b) => a - b)
  )
  t.equal(fractions.at(-1), 1)
  t.ok(fractions.slice(0, -1).every(fraction => fraction >= 0 && fraction <= 0.99))
  t.equal(names.length, 1)
})

t.test('progress is read from any output of ffmpeg', { buffered: true }, async t => {
  const reports: Progress[] = []
  const read = readProgress({ duration: 10, frames: 250 }, report => reports.push(report))
  const block = (lines: string[]) => [...lines, 'progress=continue'].forEach(read)

  block(['frame=0', 'fps=0.00', 'out_time_us=N/A', 'speed=N/A'])
  block(['frame=50', 'fps=25.1', 'out_time_us=-23220', 'speed=   2x'])
  block(['frame=40', 'out_time_us=1000000', 'speed=4x'])
  block([])
  block(['frame=9999', 'out_time_us=99000000', 'speed=1e+03x'])

  t.match(reports[0], { fraction: 0, frame: 0, out_time: 0, fps: 0, speed: null, eta: null })
  t.match(reports[1], { fraction: 0.2, frame: 50, out_time: 0, fps: 25.1, speed: 2, eta: 4 })
  t.match(reports[2], { fraction: 0.2, frame: 50, out_time: 1, speed: 2.4 })
  t.match(reports[3], { fraction: 0.2, frame: 50, out_time: 1, speed: 2.4 })
  t.match(reports[4], { fraction: 0.99, frame: 9999, out_time: 99 })
})

t.test('an ffmpeg without progress is killed', { buffered: true }, async t => {
  const directory = await neighbourhood(t)
  const found = await probe(await clip(directory), { tools })
  const stuck = await pretender(directory, 'echo frame=1; echo progress=continue; exec sleep 3600')

  const error = await caught(
    develop({
      ...{
        source: join(directory, 'real.mp4'),
        probe: found,
        ...planPrints(found),
        directory: join(directory, 'prints')
      },
      ...{ tools: stuck, stallLimit: 0.2 }
    })
  )

  t.equal(error?.code, 'stalled')
})

t.test(
  'an ffmpeg that fails for its own reasons is not blamed on the upload, and sees none of our settings',
  { buffered: true },
  async t => {
    const directory = await neighbourhood(t)
    const found = await probe(await clip(directory), { tools })
    process.env.DARKROOM_TEST_SECRET = secret
    t.teardown(() => delete process.env.DARKROOM_TEST_SECRET)
    const failing = await pretender(
      directory,
      `case "$*" in *framecrc*) exec '${tools.ffmpeg}' "$@";; esac; env >&2; echo 'Cannot allocate memory' >&2; exit 1`
    )

    const error = await caught(
      develop({
        ...{
          source: join(directory, 'real.mp4'),
          probe: found,
          ...planPrints(found),
          directory: join(directory, 'prints')
        },
        tools: failing
      })
    )

    t.equal(error?.code, 'encode_failed')
    t.match(error?.stderr, 'Cannot allocate memory')
    t.notOk(isDiskFailure(error))
    t.match(error?.stderr, /^PATH=/m)
    t.notMatch(error?.stderr, secret)
  }
)

t.test('a missing program is named with its variable', { buffered: true }, async t => {
  t.match(
    (await caught(findMediaTools({ ffmpegPath: '/nowhere/ffmpeg' })))?.message,
    /FFMPEG_PATH.*apt-get install ffmpeg/
  )
  t.match(
    (await caught(findMediaTools({ ffprobePath: '/nowhere/ffprobe' })))?.message,
    /FFPROBE_PATH.*apt-get install ffmpeg/
  )
})

async function pretender(directory: string, script: string): Promise<MediaTools> {
  const ffmpeg = join(directory, 'pretender')
  await writeFile(ffmpeg, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return { ...tools, ffmpeg }
}

/** Changes the bytes of one stream's packets and leaves the container as it is. */
async function overwrite(file: string, stream: 'a' | 'v', byte: (at: number) => number, from = 0) {
  const { stdout } = await promisify(execFile)(tools.ffprobe, [
    ...['-v', 'error', '-select_streams', stream, '-show_entries', 'packet=size,pos', '-of', 'csv=p=0', file]
  ])
  const bytes = await readFile(file)
  const packets = stdout.split('\n').filter(Boolean).slice(from)
  for (const [size, position] of packets.map(line => line.split(',').map(Number) as [number, number])) {
    // The first four bytes are a length, which would end the file here instead.
    for (let at = position + 4; at < position + size; at++) bytes[at] = byte(at)
  }
  await writeFile(file, bytes)
}

/** A black square of one bit a pixel: a few kilobytes on disk. */
function pngBomb(side: number) {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const ends = Buffer.alloc(8)
    ends.writeUInt32BE(data.length, 0)
    ends.writeUInt32BE(crc32(body), 4)
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header[8] = 1
  const rows = deflateSync(Buffer.alloc((side / 8 + 1) * side))
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))])
}

async function processesThatMention(text: string) {
  const ids = (await readdir('/proc').catch(() => [])).filter(
    name => /^\d+$/.test(name) && name !== String(process.pid)
  )
  const commands = await Promise.all(ids.map(id => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')))
  return commands.filter(command => command.includes(text))
}
