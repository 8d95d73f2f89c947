import { execFile } from 'node:child_process'
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { findMediaTools } from '#media/binaries.ts'
import { develop, type Made } from '#media/develop.ts'
import { chooseTracks } from '#media/plan/audio-tracks.ts'
import { planPrints } from '#media/plan/ladder.ts'
import type { Print } from '#media/plan/print.ts'
import { probe } from '#media/probe/probe.ts'
import type { Probe } from '#media/probe/probed.ts'
import { MediaRejected } from '#media/rejected.ts'
import { lockAsWorkersDo } from '../harness/lock.ts'
import { film, skipWithoutMedia } from '../harness/media.ts'
import { quickFfmpeg } from '../harness/quick-ffmpeg.ts'

if (!skipWithoutMedia) await lockAsWorkersDo(t)
const rows = skipWithoutMedia ? [] : parse(await readFile(film('MANIFEST.tsv'), 'utf8'))

interface Outcome {
  probe: Probe
  planned: Print[]
  made: Made[]
  /** The facts that an independent probe finds for each print, by name. */
  seen: Record<string, any>
}

/** These get their whole ladder: landscape at 60 pictures a second, portrait, 4K. The others get their lowest print. */
const wholeLadder = [
  'bbb-1080p60-51-bframes.mp4',
  'fragmented-rotate-90-51audio.mp4',
  '4k60-phone-portrait-18frames.mp4'
]

/** The quickest x264 knows only the lowest profile. */
const profileMatters = 'h264-10bit-5fps.mp4'

/** Expected facts of a file, beyond what holds for all of them. */
const special: Record<string, (t: Test, outcome: Outcome) => void> = {
  'bbb-1080p60-51-bframes.mp4': (t, { made, seen }) => {
    t.strictSame(names(made), ['1080p', '720p', '480p'])
    t.equal(picture(seen, '1080p').r_frame_rate, '60/1')
    t.equal(sound(seen, '480p').channels, 2, 'six channels of unknown place are mixed, not dropped')
  },
  'fragmented-rotate-90-51audio.mp4': (t, { made, probe }) => {
    t.match(probe.video, { width: 1080, height: 1920, rotation: 90 })
    t.match(made[0], { name: '1080p', width: 1080, height: 1920 })
  },
  'sideways movie.mov': (t, { made }) => t.match(made, [{ name: '480p', width: 480, height: 640 }]),
  'rotated-180-emulator.mp4': (t, { made, planned, probe }) => {
    t.equal(probe.video?.rotation, 180)
    t.match(planned[0], { name: '720p', width: 1280, height: 720 })
    t.match(made, [{ name: '480p', height: 480 }])
  },
  'rotated-ccw90-nasa.mp4': (t, { made, probe }) => {
    t.equal(probe.video?.rotation, 270)
    t.match(made, [{ name: '270p', width: 270, height: 480 }])
  },
  'iphone-hlg-dolbyvision-rotated.mov': (t, { probe, seen }) => {
    t.match(probe.video, { hdr: 'hlg', bit_depth: 10, width: 1080, height: 1920 })
    t.match(picture(seen, '480p'), bt709)
  },
  'hdr10-hevc-10bit.mp4': (t, { probe, seen }) => {
    t.match(probe.video, { hdr: 'pq', bit_depth: 10 })
    t.match(picture(seen, '180p'), bt709)
  },
  'tiny-2x2-pq.mp4': (t, { made }) => t.match(made, [{ name: '2p', width: 2, height: 2, frames: 3 }]),
  'h264-10bit-5fps.mp4': (t, { probe, seen }) => {
    t.match(probe.video, { bit_depth: 10, fps: 5 })
    t.equal(picture(seen, '480p').profile, 'Main')
  },
  'odd-161x121-vp9.webm': (t, { made }) => t.match(made, [{ name: '120p', width: 160, height: 120 }]),
  'anamorphic-sar-2x1.mp4': (t, { made }) => t.match(made, [{ name: '360p', width: 1280, height: 360 }]),
  'mpeg2-anamorphic-noaudio.mxf': (t, { made }) => t.match(made, [{ name: '480p', width: 640, height: 480 }]),
  'interlaced-1080i-ac3.mts': (t, { probe, seen }) => {
    t.match(probe.video, { interlaced: true, frames: 31 })
    t.equal(picture(seen, '480p').r_frame_rate, '30000/1001', 'two fields are one picture')
  },
  'hevc-51-start1s.ts': (t, { made, seen }) => {
    t.ok(near(made[0]!.duration, 5.01, 0.1), 'the clock of the source starts late, the print at once')
    t.ok(near(Number(picture(seen, '480p').start_time), Number(sound(seen, '480p').start_time), 0.05))
  },
  'editlist-positive-shift.mp4': (t, { made, seen }) => {
    t.ok(near(Number(picture(seen, '480p').start_time), 0, 0.05))
    t.equal(made[0]?.frames, 300, 'the second without a picture is there')
  },
  'msmpeg4-wma.asf': (t, { made, probe }) => {
    t.ok(probe.video!.fps <= 30, `${probe.video!.fps} pictures a second, where the file says 120`)
    t.ok(made[0]!.frames! <= 3 * probe.video!.frames!)
    t.ok(near(made[0]!.duration, 27.7, 0.5))
  },
  'h263-amr-vfr.3gp': (t, { probe }) => t.ok(near(probe.video!.fps, 15, 1)),
  'subs-pgs-ac3.mkv': (t, { planned, probe }) => {
    t.ok(probe.video!.fps <= 60, 'the file says 600')
    t.strictSame(names(planned), ['720p', '480p'])
  },
  'animated-400x281.gif': (t, { made }) => {
    t.match(made, [{ name: '280p', width: 400, height: 280 }])
    t.ok(near(made[0]!.duration, 1, 0.05), 'the last picture is shown as long as it should be')
  },
  'two-videos-two-audios-subs.mp4': (t, { made, probe }) => {
    t.match(probe.video, { index: 0, width: 320, height: 180 })
    t.match(probe.audio, { index: 1, language: 'eng' })
    t.strictSame(names(made), ['180p'])
  },
  'gopro-karma-tmcd-gpmd.mp4': (t, { probe, seen }) => {
    t.equal(probe.video?.full_range, true)
    t.equal(picture(seen, '480p').color_range, 'tv')
  },
  'mjpeg-pcm-u8.mov': (t, { seen }) => t.match(sound(seen, '480p'), { sample_rate: '48000', channels: 1 }),
  'single-frame-rotated.mp4': (t, { made }) => t.match(made, [{ name: '60p', width: 60, height: 100, frames: 1 }]),
  '4k60-phone-portrait-18frames.mp4': (t, { made }) => {
    t.match(made[0], { name: '1080p', width: 1080, height: 1920, frames: 18 })
  },
  'truncated-claims-19min.mkv': (t, { made, probe }) => {
    t.ok(made[0]!.duration < 3, 'as long as it really is')
    t.ok(near(probe.damage!.missing_seconds, 1130.5, 2), `${probe.damage!.missing_seconds} s are missing`)
  },
  'mpeg-ps-anamorphic.mpg': (t, { made, probe }) => {
    t.match(made, [{ name: '288p', width: 500, height: 288 }])
    t.match(probe.damage, { decode_errors: 1, missing_seconds: 0 }, 'its last picture was cut off')
  },
  'cover-1400.mp3': (t, { probe }) => t.equal(probe.video, null, 'a cover is no picture')
}

const cutOff = ['truncated-claims-19min.mkv', 'mpeg-ps-anamorphic.mpg']

const codes: Record<string, string> = {
  'truncated-10k.mp4': 'unreadable',
  'broken-no-moov.mp4': 'truncated',
  'WrongFile.mp4': 'truncated',
  'empty_file_five.mp4': 'empty',
  'encrypted-cenc.mp4': 'encrypted'
}

const bt709 = { color_transfer: 'bt709', color_primaries: 'bt709', color_space: 'bt709', color_range: 'tv' }

t.test('real films get the expected prints', { skip: skipWithoutMedia }, async t => {
  t.setTimeout(280_000)
  // Most of a small file's time is starting programs.
  t.jobs = 2
  const tools = await findMediaTools()
  const quick = { ...tools, ffmpeg: await quickFfmpeg(t, tools.ffmpeg) }

  for (const { file, expected, audio } of rows) {
    t.test(file, { buffered: true }, async t => {
      const directory = await mkdtemp(join(tmpdir(), 'darkroom-prints-'))
      t.teardown(() => rm(directory, { recursive: true, force: true }))
      const source = film(file)

      const outcome = await print(t, source, directory).catch(error => error)

      if (expected === 'rejected') {
        t.ok(outcome instanceof MediaRejected, String(outcome))
        t.equal(outcome.code, codes[file])
        t.strictSame(await readdir(directory), [], 'nothing is left behind')
        return
      }
      if (outcome instanceof Error) throw outcome
      const { probe, made } = outcome
      const files = made.map(({ file }: Made) => file)
      t.strictSame((await readdir(directory)).sort(), [...files, 'hls'].sort())
      t.equal(probe.video === null, expected === 'ok-audio-only')
      t.equal(probe.audio !== null, audio !== '-')
      if (!cutOff.includes(file)) t.equal(probe.damage, null, 'no complaint about a film that is whole')
      for (const print of made) await checkPrint(t, outcome, print, directory)
      special[file]?.(t, outcome)
    })
  }

  async function print(t: Test, source: string, directory: string): Promise<Outcome> {
    const found = await chooseTracks(await probe(source, { tools }), 'first', { source, tools })
    const { prints: planned, skipped } = planPrints(found)
    t.equal(skipped.length + planned.filter(({ name }) => /^(1080|720|480)p$/.test(name)).length, 3)
    const prints = wholeLadder.includes(basename(source)) ? planned : planned.slice(-1)
    const encoders = basename(source) === profileMatters ? tools : quick
    const { made, damage } = await develop({ source, probe: found, prints, directory, tools: encoders })
    const seen = Object.fromEntries(
      await Promise.all(made.map(async ({ name, file }) => [name, await look(tools.ffprobe, join(directory, file))]))
    )
    return { probe: { ...found, damage }, planned, made, seen }
  }
})

async function checkPrint(t: Test, { probe, seen }: Outcome, made: Made, directory: string) {
  const { streams, format } = seen[made.name]
  t.equal(streams.length, (probe.video ? 1 : 0) + (probe.audio ? 1 : 0), `${made.name} has these streams and no other`)
  t.strictSame(
    Object.keys(format.tags).filter(tag => !/^(major_brand|minor_version|compatible_brands|encoder)$/.test(tag)),
    []
  )
  t.ok(await indexComesFirst(join(directory, made.file)), `${made.name} can be played while it loads`)
  t.ok(near(made.duration, Number(format.duration), 0.01))

  if (probe.video) {
    const video = picture(seen, made.name)
    t.match(video, { codec_name: 'h264', pix_fmt: 'yuv420p', width: made.width, height: made.height })
    t.ok(['1:1', undefined].includes(video.sample_aspect_ratio), 'pixels are square')
    t.equal(video.side_data_list, undefined, 'no rotation is left')
    t.equal(video.r_frame_rate, video.avg_frame_rate.replace(/^(\d+)000\/1000$/, '$1/1'), 'the rate is constant')
  }
  if (probe.audio) t.match(sound(seen, made.name), { codec_name: 'aac', sample_rate: '48000', profile: 'LC' })
}

async function look(ffprobe: string, file: string) {
  const { stdout } = await promisify(execFile)(ffprobe, [
    '-v',
    'error',
    '-show_streams',
    '-show_format',
    '-of',
    'json',
    file
  ])
  return JSON.parse(stdout)
}

/** Walks the boxes at the top of an MP4. */
async function indexComesFirst(path: string) {
  const file = await open(path)
  try {
    const head = Buffer.alloc(8)
    for (let at = 0; ; at += head.readUInt32BE(0)) {
      await file.read(head, 0, 8, at)
      const box = head.toString('latin1', 4)
      if (box === 'moov' || box === 'mdat') return box === 'moov'
    }
  } finally {
    await file.close()
  }
}

function parse(text: string) {
  const [head = '', ...lines] = text.trimEnd().split('\n')
  const columns = head.split('\t')
  return lines.map(line => {
    const cells = line.split('\t')
    return Object.fromEntries(columns.map((column, at) => [column, cells[at]])) as {
      file: string
      expected: string
      audio: string
    }
  })
}

const names = (made: { name: string }[]) => made.map(({ name }) => name)
const near = (a: number, b: number, by: number) => Math.abs(a - b) <= by
const ofType = (seen: Outcome['seen'], name: string, type: string) =>
  seen[name].streams.find((stream: { codec_type: string }) => stream.codec_type === type)
const picture = (seen: Outcome['seen'], name: string) => ofType(seen, name, 'video')
const sound = (seen: Outcome['seen'], name: string) => ofType(seen, name, 'audio')
