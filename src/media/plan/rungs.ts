import type { ProbedVideo } from '../probe/probed.ts'

export interface Rung {
  name: string
  /** Pixels of the short side. */
  short: number
  /** Bits a second that a print may peak at, at up to 30 pictures a second. */
  cap: number
}

/** Largest first. The caps are between what large hosts advise for uploads and what they stream. */
export const rungs: Rung[] = [
  { name: '1080p', short: 1080, cap: 5_500_000 },
  { name: '720p', short: 720, cap: 3_000_000 },
  { name: '480p', short: 480, cap: 1_400_000 }
]

/** Constant quality, which costs what the picture needs; 23 is where most eyes stop seeing the difference. */
export const quality = 23

/** Bits per pixel grow as pictures shrink, roughly so. */
const shrinking = 0.75

/** H.264 needs about twice their bits for the same picture. */
const denser = ['hevc', 'av1', 'vp9']

/** Below this a cap saves nothing worth having and spoils the first second. */
const leastCap = 250_000

/**
 * The ceiling over constant quality. A print never gets more than 1.3 times what the source spent on such a picture, so
 * that a lean screen recording does not grow, and half as much again above 30 pictures a second.
 */
export function capFor({ width, height }: { width: number; height: number }, source: ProbedVideo) {
  const short = Math.min(width, height)
  const rung = rungs.find(rung => rung.short <= short) ?? rungs.at(-1)!
  const wide = Math.min(1, short / rung.short) ** (2 * shrinking)
  const own = rung.cap * wide * (source.fps > 30.5 ? 1.5 : 1)

  const ratio = (width * height) / (source.width * source.height)
  const spent = (source.bitrate ?? Infinity) * (denser.includes(source.codec) ? 2 : 1)
  return Math.round(Math.max(leastCap, Math.min(own, 1.3 * spent * ratio ** shrinking)))
}

export const profileFor = ({ width, height }: { width: number; height: number }) =>
  Math.min(width, height) >= 720 ? 'high' : 'main'
