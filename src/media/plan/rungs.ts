import type { ProbedVideo } from '../probe/probed.ts'
import { type Codec, shareOfBits, usualCodec } from './codecs.ts'

export interface Rung {
  name: string
  /** Pixels of the short side. */
  short: number
  /** Peak bits a second of a print, at up to 30 frames a second. */
  cap: number
}

/** Largest first. The caps lie between the upload recommendations of large hosts and their streaming bitrates. */
export const rungs: Rung[] = [
  { name: '2160p', short: 2160, cap: 18_000_000 },
  { name: '1440p', short: 1440, cap: 9_500_000 },
  { name: '1080p', short: 1080, cap: 5_500_000 },
  { name: '720p', short: 720, cap: 3_000_000 },
  { name: '480p', short: 480, cap: 1_400_000 }
]

/** Made where nothing else is configured; a test compares them with the database's. */
export const usualRungs = ['480p', '720p', '1080p']

/** Bits per pixel grow as frames shrink, approximately by this exponent. */
const shrinking = 0.75

/** H.264 needs about twice the bits of these for the same quality. */
const denser = ['hevc', 'av1', 'vp9']

/** Below this a cap saves next to nothing and spoils the first second. */
const leastCap = 250_000

interface Sized {
  width: number
  height: number
  codec?: Codec
}

/**
 * The bitrate cap over constant quality. A print never gets more than 1.3 times what the source spent on such a frame,
 * so that a lean screen recording does not grow; above 30 frames a second a rung's cap is half as much again.
 */
export function capFor({ width, height, codec = usualCodec }: Sized, source: ProbedVideo) {
  const own = mostBits({ width, height }, source)
  const ratio = (width * height) / (source.width * source.height)
  const spent = (source.bitrate ?? Infinity) * (denser.includes(source.codec) ? 2 : 1)
  return Math.round(Math.max(leastCap, Math.min(own, 1.3 * spent * ratio ** shrinking) * shareOfBits[codec]))
}

/** The most that a print of this size gets, whatever its source. */
export function mostBits({ width, height }: { width: number; height: number }, { fps }: { fps: number }) {
  const short = Math.min(width, height)
  const rung = rungs.find(rung => rung.short <= short) ?? rungs.at(-1)!
  const wide = Math.min(1, short / rung.short) ** (2 * shrinking)
  return rung.cap * wide * (fps > 30.5 ? 1.5 : 1)
}

export const profileFor = ({ width, height }: { width: number; height: number }) =>
  Math.min(width, height) >= 720 ? 'high' : 'main'
