import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { findMediaTools } from '#media/binaries.ts'
import { mostDamage } from '#media/check/damage.ts'
import { develop } from '#media/develop.ts'
import { planPrints } from '#media/plan/ladder.ts'
import { probe } from '#media/probe/probe.ts'
import type { Damage } from '#media/probe/probed.ts'

t.setTimeout(240_000)
t.jobs = 2

// Without the lock, whose start takes more than that of ffmpeg: hostile.test.ts and manifest.test.ts are under it.
const tools = await findMediaTools()
const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-damaged-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))

// Noise on a moving picture, so that the bytes are pictures and not headers.
const picture = ['-f', 'lavfi', '-i', 'testsrc2=duration=10:size=160x90:rate=20,noise=alls=20:allf=t']
const sound = ['-f', 'lavfi', '-i', 'sine=duration=10']
const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50', '-pix_fmt', 'yuv420p']
const clips: Record<string, string[]> = {
  'h264.mp4': [...picture, ...sound, ...x264, '-movflags', '+faststart'],
  'h264.mkv': [...picture, ...sound, ...x264],
  'h264.ts': [...picture, ...sound, ...x264],
  'silent.ts': [...picture, ...x264],
  'hevc.mp4': [...picture, '-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none:keyint=50'],
  'mpeg2.mpg': [...picture, ...sound, '-c:v', 'mpeg2video', '-b:v', '1500k', '-c:a', 'mp2'],
  'mpeg4.avi': [...picture, ...sound, '-c:v', 'mpeg4', '-b:v', '1500k', '-c:a', 'libmp3lame'],
  'vp9.webm': [...picture, '-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M', '-g', '50'],
  'aac.m4a': [...sound, '-c:a', 'aac', '-f', 'mp4', '-movflags', '+faststart'],
  // No picture for five seconds, as in a screen recording.
  'pause.mkv': [
    ...['-f', 'lavfi', '-i', 'testsrc2=duration=10:size=160x90:rate=20'],
    ...['-vf', "select='lt(t,2)+gt(t,7)'", '-fps_mode', 'vfr', ...x264]
  ]
}

const made: Record<string, Promise<Buffer>> = {}

/** Each clip is made once, when the first test asks for it. */
function clip(name: string) {
  made[name] ??= (async () => {
    const file = path.join(folder, name)
    await promisify(execFile)(tools.ffmpeg, ['-nostdin', '-v', 'error', '-y', ...clips[name]!, file])
    return readFile(file)
  })()
  return made[name]
}

type Change = (film: Buffer, name: string) => Buffer | Promise<Buffer>

/** Overwrites a share of the file in one piece. */
const noise =
  (share: number): Change =>
  film => {
    const from = Math.round(film.length * 0.3)
    return film.fill(random(Math.round(film.length * share)), from, from + Math.round(film.length * share))
  }

/** Overwrites a share of the file, 500 bytes here and 500 there, from the first pictures on. */
const scattered =
  (share: number): Change =>
  film => {
    const step = Math.round(500 / share)
    for (let at = Math.round(film.length * 0.1); at < film.length * 0.95; at += step) film.set(random(500), at)
    return film
  }

const cutTo =
  (share: number): Change =>
  film =>
    film.subarray(0, Math.round(film.length * share))

const beginAt =
  (share: number): Change =>
  film =>
    film.subarray(188 * Math.round((film.length * share) / 188))

const oneByte: Change = film => {
  film[Math.round(film.length * 0.4)]! ^= 0xff
  return film
}

/** Overwrites a share of the sound's packets and leaves the picture and the container as they are. */
const soundNoise =
  (share: number): Change =>
  async (film, name) => {
    const { stdout } = await promisify(execFile)(tools.ffprobe, [
      ...['-v', 'error', '-select_streams', 'a', '-show_entries', 'packet=size,pos', '-of', 'csv=p=0'],
      path.join(folder, name)
    ])
    const packets = stdout.split('\n').filter(Boolean)
    for (const line of packets.slice(packets.length * 0.2, packets.length * (0.2 + share))) {
      const [size = 0, position = 0] = line.split(',').map(Number)
      film.fill(0xff, position, position + size)
    }
    return film
  }

/** The same bytes each time. */
function random(count: number) {
  let state = 42
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 16
  })
}

/** At half it depends on a picture or two whether anything counts as decoded at all. */
const refused = /^(too_damaged|unreadable)$/

const few = (least: number, most: number) => (damage: Damage | null) =>
  damage !== null && damage.share >= least && damage.share <= most
/** A decoder may not notice a wrong bit, and the last picture of a cut file may be half there. */
const barely = (damage: Damage | null) => damage === null || damage.share < 0.05
const none = (damage: Damage | null) => damage === null
const lacks = (seconds: number) => (damage: Damage | null) =>
  damage !== null && Math.abs(damage.missing_seconds - seconds) < 1.5
const soundOnly = (damage: Damage | null) =>
  damage !== null && damage.share === 0 && damage.missing_seconds === 0 && damage.sound_share > 0.2

const cases: [title: string, clip: string, change: Change, expected: RegExp | ((damage: Damage | null) => boolean)][] =
  [
    ...Object.keys(clips).map(name => [`${name} as it is`, name, film => film, none] as (typeof cases)[0]),
    ['H.264 with noise over a tenth', 'h264.mp4', noise(0.1), few(0.05, 0.2)],
    ['H.264 with noise over half', 'h264.mp4', noise(0.5), refused],
    ['H.264 with noise here and there', 'h264.mp4', scattered(0.15), /^too_damaged$/],
    ['HEVC with noise over a tenth', 'hevc.mp4', noise(0.1), few(0.05, 0.2)],
    ['HEVC with noise over half', 'hevc.mp4', noise(0.5), refused],
    ['MPEG-2 with noise over a tenth', 'mpeg2.mpg', noise(0.1), few(0.05, 0.2)],
    ['MPEG-2 with noise over half', 'mpeg2.mpg', noise(0.5), refused],
    ['MPEG-4 in AVI with noise over a tenth', 'mpeg4.avi', noise(0.1), few(0.05, 0.2)],
    ['MPEG-4 in AVI with noise over half', 'mpeg4.avi', noise(0.5), refused],
    ['VP9 with noise over a tenth', 'vp9.webm', noise(0.1), few(0.05, 0.25)],
    ['VP9 with noise over half', 'vp9.webm', noise(0.5), refused],
    ['a broadcast with noise over a tenth', 'h264.ts', noise(0.1), few(0.05, 0.2)],
    ['a broadcast with noise over half', 'h264.ts', noise(0.5), refused],
    ['Matroska with noise over half', 'h264.mkv', noise(0.5), refused],
    ['one flipped byte', 'h264.mp4', oneByte, barely],
    ['an MP4 that was cut off', 'h264.mp4', cutTo(0.6), lacks(4)],
    ['a Matroska that was cut off', 'h264.mkv', cutTo(0.4), lacks(6)],
    ['a broadcast that was cut off', 'h264.ts', cutTo(0.6), barely],
    ['a broadcast that begins between two keyframes', 'h264.ts', beginAt(0.33), barely],
    ['one without sound that does', 'silent.ts', beginAt(0.33), barely],
    ['a film of which only the sound is broken', 'h264.mp4', soundNoise(0.5), soundOnly],
    ['sound alone, much of it noise', 'aac.m4a', soundNoise(0.4), /^too_damaged$/],
    ['sound alone, a tenth of it noise', 'aac.m4a', soundNoise(0.1), few(0.05, 0.2)]
  ]

t.test('the README names the limit', async t => {
  t.equal(mostDamage, 0.25)
  t.match(
    await readFile(path.join(import.meta.dirname, '../../README.md'), 'utf8'),
    /more than a quarter is missing or broken/
  )
})

for (const [title, name, change, expected] of cases) {
  t.test(title, { buffered: true }, async t => {
    const source = path.join(folder, `${cases.findIndex(([each]) => each === title)}-${name}`)
    await writeFile(source, await change(Buffer.from(await clip(name)), name))
    const directory = `${source}.prints`
    await mkdir(directory)
    const found = await probe(source, { tools })
    const fractions: number[] = []

    const outcome = await develop({
      ...{ source, probe: found, ...planPrints(found), directory, tools },
      onProgress: ({ fraction }) => fractions.push(fraction ?? 0)
    }).catch(error => error)

    if (expected instanceof RegExp) {
      t.match(outcome, { name: 'MediaRejected', code: expected }, String(outcome))
      t.strictSame(await readdir(directory), [])
      t.notOk(fractions.includes(1), 'progress does not say that it is done')
      return
    }
    if (outcome instanceof Error) throw outcome
    t.ok(expected(outcome.damage), JSON.stringify(outcome.damage))
    t.equal(fractions.at(-1), 1)
  })
}
