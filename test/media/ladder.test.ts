import t from 'tap'
import { whyEncoded } from '#media/plan/copy.ts'
import { planPrints } from '#media/plan/ladder.ts'
import { capFor } from '#media/plan/rungs.ts'
import { asFraction, chooseFrameRate } from '#media/probe/frame-rate.ts'
import type { Probe, ProbedVideo } from '#media/probe/probed.ts'

const video = (width: number, height: number, more: Partial<ProbedVideo> = {}): ProbedVideo => ({
  index: 0,
  codec: 'h264',
  profile: 'High',
  width,
  height,
  coded_width: width,
  coded_height: height,
  rotation: 0,
  odd_rotation: false,
  sample_aspect_ratio: '1:1',
  fps: 30,
  pace: 30,
  frames: 300,
  group: null,
  duration: 10,
  pix_fmt: 'yuv420p',
  bit_depth: 8,
  hdr: null,
  interlaced: false,
  full_range: false,
  bitrate: null,
  start_time: 0,
  ...more
})

const source = (width: number, height: number): Probe => ({
  container: 'mov,mp4,m4a,3gp,3g2,mj2',
  duration: 10,
  promised_duration: 10,
  bytes: 1_000_000,
  bitrate: 800_000,
  start_time: 0,
  video: video(width, height),
  audio: null,
  further: [],
  audio_tracks: [],
  streams: 1,
  subtitles: [],
  damage: null,
  notes: []
})

const sizes = (width: number, height: number) =>
  planPrints(source(width, height)).prints.map(({ name, width, height }) => `${name} ${width}x${height}`)

t.test('a landscape print has the height of its rung', async t => {
  t.strictSame(sizes(1920, 1080), ['1080p 1920x1080', '720p 1280x720', '480p 854x480'])
  t.strictSame(sizes(3840, 2160), ['1080p 1920x1080', '720p 1280x720', '480p 854x480'])
  t.strictSame(sizes(2560, 1080), ['1080p 2560x1080', '720p 1706x720', '480p 1138x480'])
})

t.test('a portrait print has the width of its rung', async t => {
  t.strictSame(sizes(1080, 1920), ['1080p 1080x1920', '720p 720x1280', '480p 480x854'])
})

t.test('nothing is enlarged, and each rung above the source says why it is missing', async t => {
  const { prints, skipped } = planPrints(source(1600, 900))

  t.strictSame(
    prints.map(({ name }) => name),
    ['720p', '480p']
  )
  t.strictSame(skipped, [{ name: '1080p', reason: 'source_smaller', detail: 'source is 900p' }])
})

t.test('a source below every rung gets one print of its own size, named after it', async t => {
  const { prints, skipped } = planPrints(source(320, 180))

  t.strictSame(prints, [
    { name: '180p', file: '180p.mp4', width: 320, height: 180, copied: false, profile: 'balanced', codec: 'h264' }
  ])
  t.strictSame(
    skipped.map(({ name, reason }) => `${name} ${reason}`),
    ['1080p source_smaller', '720p source_smaller', '480p source_smaller']
  )
})

t.test('every side is even and at least 2', async t => {
  t.strictSame(sizes(161, 121), ['120p 160x120'])
  t.strictSame(sizes(1, 1), ['2p 2x2'])
  t.strictSame(sizes(2, 400), ['2p 2x400'])
  t.strictSame(sizes(853, 480), ['480p 852x480'])
  t.strictSame(sizes(481, 481), ['480p 480x480'])
})

t.test('sound alone is one print', async t => {
  const { prints, skipped } = planPrints({ ...source(1, 1), video: null })

  t.strictSame(prints, [
    { name: 'audio', file: 'audio.m4a', width: null, height: null, copied: false, profile: 'balanced', codec: 'h264' }
  ])
  t.strictSame(
    skipped.map(({ name, reason }) => `${name} ${reason}`),
    ['1080p no_video', '720p no_video', '480p no_video']
  )
})

t.test('a print peaks at its rung, half as much again above 30 pictures a second', async t => {
  t.equal(capFor({ width: 1920, height: 1080 }, video(1920, 1080)), 5_500_000)
  t.equal(capFor({ width: 1920, height: 1080 }, video(1920, 1080, { fps: 60 })), 8_250_000)
})

t.test('a print of a lean source does not grow', async t => {
  const lean = video(1920, 1080, { bitrate: 1_000_000 })

  t.equal(capFor({ width: 1920, height: 1080 }, lean), 1_300_000)
  t.ok(capFor({ width: 854, height: 480 }, lean) < 500_000)
})

const every = (gap: number, count: number) => Array.from({ length: count }, (_, at) => at * gap)

t.test('the rate of a print comes from the times of the pictures, not from what the container says', async t => {
  t.equal(chooseFrameRate({ times: every(1 / 25, 100), declared: 1000 }), 25)
  t.equal(chooseFrameRate({ times: every(0.04171, 100), declared: 0 }), 23.976024)
  t.equal(chooseFrameRate({ times: every(0.033, 40), declared: 30000 / 1001 }), 29.97003, 'rounded to milliseconds')
})

t.test('a rate above 60 is divided evenly', async t => {
  t.equal(chooseFrameRate({ times: every(1 / 120, 240), declared: 120 }), 60)
  t.equal(chooseFrameRate({ times: every(1 / 100, 240), declared: 100 }), 50)
  t.equal(chooseFrameRate({ times: every(1 / 144, 240), declared: 144 }), 48)
})

t.test('no picture is repeated more than three times on average', async t => {
  const bursts = every(1, 20).flatMap(second => [second, second + 1 / 30, second + 2 / 30])

  t.ok(chooseFrameRate({ times: bursts, declared: 30 }) <= 9.5)
})

t.test('one picture, or none that has a time, still has a rate', async t => {
  t.equal(chooseFrameRate({ times: [0], declared: 24 }), 24)
  t.equal(chooseFrameRate({ times: [], declared: 0 }), 25)
})

t.test('rates are counted in the fractions that they stand for', async t => {
  t.equal(asFraction(29.97003), '30000/1001')
  t.equal(asFraction(23.976024), '24000/1001')
  t.equal(asFraction(25), '25')
  t.equal(asFraction(14.760638), '14761/1000')
})

t.test('the largest print is copied where the source is what it has to be, and where not this says why', async t => {
  const fit = { ...source(1920, 1080), video: video(1920, 1080, { group: 60, bitrate: 4_000_000 }) }
  const why = (more: Partial<ProbedVideo>, rest: Partial<Probe> = {}) => {
    const probe = { ...fit, ...rest, video: { ...fit.video, ...more } }
    return whyEncoded(probe, planPrints(probe).prints)
  }

  t.equal(why({}), undefined)
  t.equal(why({ group: 120 }), undefined, 'groups of just a segment')
  t.match(why({ group: 250 }), /keyframes are 8\.3 s apart/)
  t.match(why({ group: null }), /keyframes come unevenly/)
  t.match(why({ codec: 'hevc' }), /hevc/)
  t.match(why({ pix_fmt: 'yuv422p10le' }), /yuv422p10le/)
  t.match(why({ bitrate: 9_000_000 }), /too many bits/)
  t.match(why({ rotation: 90 }), /another size/)
  t.match(why({ width: 1906, coded_width: 1906 }), undefined)
  t.match(why({ coded_width: 1440, sample_aspect_ratio: '4:3' }), /another size/)
  t.match(why({ interlaced: true }), /converted/)
  t.match(why({ pace: null }), /unevenly/)
  t.match(why({ frames: 280 }), /unevenly/)
  t.match(why({}, { container: 'mpegts' }), /mpegts/)
  const small = { ...fit, video: video(640, 480, { group: 60, bitrate: 400_000 }) }
  t.match(whyEncoded(small, planPrints(small).prints), /only print/)
})

t.test('rungs are those that are configured, and of these the ones that are asked for', async t => {
  const names = (...args: Parameters<typeof planPrints>) => {
    const { prints, skipped } = planPrints(...args)
    return [prints.map(({ name }) => name), skipped.map(({ name, reason }) => `${name} ${reason}`)]
  }
  const film = source(3840, 2160)
  t.strictSame(names(film, { rungs: ['480p', '1440p', '2160p'] }), [['2160p', '1440p', '480p'], []])
  t.strictSame(names(source(1920, 1080), { rungs: ['1440p', '720p'] }), [['720p'], ['1440p source_smaller']])
  t.strictSame(names(film, { only: ['720p'] }), [['720p'], ['1080p not_asked', '480p not_asked']])
  t.ok(capFor({ width: 3840, height: 2160 }, film.video!) > capFor({ width: 1920, height: 1080 }, film.video!))
})

t.test('each further codec gives each rung one more print, with a name of its own and fewer bits', async t => {
  const { prints, skipped } = planPrints(source(1280, 720), { codecs: ['hevc', 'av1'] })
  t.strictSame(
    prints.map(({ name, file, codec, width }) => `${name} ${file} ${codec} ${width}`),
    [
      '720p 720p.mp4 h264 1280',
      '480p 480p.mp4 h264 854',
      '720p.hevc 720p.hevc.mp4 hevc 1280',
      '480p.hevc 480p.hevc.mp4 hevc 854',
      '720p.av1 720p.av1.mp4 av1 1280',
      '480p.av1 480p.av1.mp4 av1 854'
    ]
  )
  t.strictSame(
    skipped.map(({ name }) => name),
    ['1080p', '1080p.hevc', '1080p.av1']
  )
  const size = { width: 1280, height: 720 }
  t.equal(capFor({ ...size, codec: 'hevc' }, video(1280, 720)), 0.65 * capFor(size, video(1280, 720)))
  t.match(
    whyEncoded(
      source(1280, 720),
      prints.filter(({ codec }) => codec === 'hevc')
    ),
    /another codec/
  )
})
