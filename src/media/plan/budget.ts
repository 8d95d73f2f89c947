import { soundRate } from '../encode/sound.ts'
import { maxPixels, maxStreams } from '../guards.ts'
import { lead, mostFrames } from '../probe/probe.ts'
import type { Probe } from '../probe/probed.ts'
import { MediaRejected } from '../rejected.ts'
import type { Print } from './print.ts'
import { capFor } from './rungs.ts'

/** The most that one film may ask for; each is a setting, except the bytes of the upload, which have one of their own. */
export interface Budget {
  seconds: number
  /** Of one frame. */
  pixels: number
  /** Of one print. */
  frames: number
  streams: number
  /** Of all prints and streams of an attempt, before they are in the store. */
  temporaryBytes: number
}

export const usualBudget: Budget = {
  // A day: more than any film, less than would fill a disk with prints.
  seconds: 24 * 60 * 60,
  pixels: maxPixels,
  // A day of 60 frames a second.
  frames: 24 * 60 * 60 * 60,
  streams: maxStreams,
  temporaryBytes: 400 * 1024 ** 3
}

/** The pixels of a day of 1080p at 60 frames a second: the most decoding that one upload may cause. */
const mostPixels = 24 * 60 * 60 * 60 * 1920 * 1080

/** Fewer frames than one a minute means a jumping clock rather than a film: a few kilobytes that last for hours. */
const sparsest = 1 / 60

/** Refuses a film for what its header and packets say, before a frame of it is decoded. */
export function refuseExcess(probe: Probe, prints: Print[], budget: Budget) {
  refuseLength(probe, budget)
  refuseStreams(probe, budget)
  if (!probe.video) return
  refusePixels(probe.video, budget)
  refuseFrames(probe, probe.video, budget)
  refuseBytes(probe, prints, budget)
}

function refuseLength({ duration }: Probe, { seconds }: Budget) {
  if ((duration ?? 0) <= seconds) return
  throw new MediaRejected('too_long', `The file lasts ${clock(duration!)}; the most is ${clock(seconds)}.`, {
    evidence: { seconds: duration, limit: seconds }
  })
}

function refuseStreams({ streams }: Probe, { streams: limit }: Budget) {
  if (streams <= limit) return
  throw new MediaRejected('too_many_streams', `The file has ${streams} streams; the most is ${limit}.`, {
    evidence: { streams, limit }
  })
}

function refusePixels(video: NonNullable<Probe['video']>, { pixels: limit }: Budget) {
  const { width, height, coded_width, coded_height } = video
  const pixels = Math.max(coded_width * coded_height, width * height)
  if (pixels <= limit) return
  throw new MediaRejected(
    'too_many_pixels',
    `The picture is ${width}x${height}, which are ${pixels} pixels; the most is ${limit}.`,
    { evidence: { pixels, limit } }
  )
}

function refuseFrames(probe: Probe, video: NonNullable<Probe['video']>, { frames: limit }: Budget) {
  const { frames, fps, coded_width, coded_height, width, height } = video
  const length = (video.duration ?? 0) + lead(probe)
  const planned = Math.round(length * fps)
  const sparse = frames && length > 10 * 60 && frames / length < sparsest
  if (frames && (sparse || planned > mostFrames(video))) {
    throw new MediaRejected('too_sparse', `There are only ${frames} pictures in ${Math.round(length)} seconds.`, {
      evidence: { frames, seconds: length }
    })
  }
  if (planned > limit) {
    throw new MediaRejected('too_many_frames', `The film has ${planned} pictures; the most is ${limit}.`, {
      evidence: { frames: planned, limit }
    })
  }
  const pixels = planned * Math.max(coded_width * coded_height, width * height)
  if (pixels > mostPixels) {
    throw new MediaRejected(
      'too_many_frames',
      `The film has ${planned} pictures of ${width}x${height}: more work than a day of 1080p at 60 pictures a second.`,
      { evidence: { frames: planned, pixels, limit: mostPixels } }
    )
  }
}

/** By the caps of the prints, which few films reach; their streams are as large again. */
function refuseBytes(probe: Probe, prints: Print[], { temporaryBytes: limit }: Budget) {
  const seconds = probe.video?.duration ?? probe.duration ?? 0
  const sound = soundRate * (1 + probe.further.length)
  const rates = prints.map(
    ({ width, height, codec }) => capFor({ width: width!, height: height!, codec }, probe.video!) + sound
  )
  const bytes = Math.round((2 * rates.reduce((sum, rate) => sum + rate, 0) * seconds) / 8)
  if (bytes <= limit) return
  throw new MediaRejected(
    'too_many_bytes',
    `The prints and streams of this film may take ${bytes} bytes while they are made; the most is ${limit}.`,
    { evidence: { bytes, limit } }
  )
}

function clock(seconds: number) {
  const all = Math.round(seconds)
  const [hours, minutes] = [Math.floor(all / 3600), Math.floor(all / 60) % 60]
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${all % 60} s` : `${all} s`
}
