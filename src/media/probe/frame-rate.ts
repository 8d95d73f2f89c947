/** Frames a second: smooth enough for a screen, and twice the work of 30. */
const fastest = 60

/** Rates of cameras and editors. A measured rate this near to one of them stands for it. */
const standard = [
  ...[24000 / 1001, 30000 / 1001, 60000 / 1001],
  ...[1, 2, 3, 4, 5, 6, 8, 10, 12, 12.5, 15, 16, 20, 24, 25, 30, 48, 50, 60]
]
const snapping = 0.005

interface Pace {
  /** Presentation times of the frames, in seconds, in any order. */
  times: number[]
  /** The container's claimed average; used only where the times leave the rate open. */
  declared: number
}

/**
 * The constant rate of a print, from the frames' own times. Claims of containers are no guide: ASF and Matroska say
 * 120, 600 or 1000 for clips of 5 to 30 frames a second, and a print would repeat each frame dozens of times. Even
 * spacing gives its own rate; uneven spacing the rate of its usual gap, as long as that repeats no frame more than
 * three times on average.
 */
export function chooseFrameRate({ times, declared }: Pace) {
  const { mean, usual } = measure(times)
  if (!mean || !usual) return tame(plausible(declared) ? declared : 25)

  const even = usual / mean < 1.1
  if (!even) return tame(Math.min(usual, 3 * mean))
  // Times are often rounded to milliseconds, and single frames may be missing.
  return tame(Math.abs(declared / mean - 1) < 0.03 ? declared : mean)
}

/** Frames a second: on average, and by the median gap. Undefined where there are too few frames. */
export function measure(times: number[]) {
  const sorted = times.toSorted((a, b) => a - b)
  const gaps = sorted.slice(1).map((time, at) => time - sorted[at]!)
  const span = gaps.reduce((sum, gap) => sum + gap, 0)
  const middle = gaps.filter(gap => gap > 0).sort((a, b) => a - b)
  const gap = middle[middle.length >> 1]
  return { mean: span > 0 ? gaps.length / span : undefined, usual: gap ? 1 / gap : undefined }
}

/** The share of gaps that must be alike; times that are rounded to milliseconds differ by two of them. */
const evenShare = 0.8
const likeness = { share: 0.1, seconds: 0.002 }

/** Frames a second by the median gap, where most gaps are like it. A missing part does not change that. */
export function evenPace(times: number[]) {
  const { usual } = measure(times)
  if (!usual || times.length < 10) return null
  const sorted = times.toSorted((a, b) => a - b)
  const off = Math.max(likeness.share / usual, likeness.seconds)
  const alike = sorted.slice(1).filter((time, at) => Math.abs(time - sorted[at]! - 1 / usual) <= off).length
  return alike >= evenShare * (times.length - 1) ? round(usual) : null
}

/** A rate as the exact fraction for ffmpeg: 23.976 is 24000/1001. */
export function asFraction(rate: number) {
  const ntsc = Math.round(rate * 1.001)
  if (Math.abs((ntsc * 1000) / 1001 - rate) < 1e-3 * Math.abs(ntsc - rate)) return `${ntsc * 1000}/1001`
  return Number.isInteger(rate) ? String(rate) : `${Math.max(Math.round(rate * 1000), 1)}/1000`
}

const plausible = (rate: number) => rate >= 1 && rate <= 240

/** Halved, or cut to a third, until it is at most 60, so that the remaining frames are evenly spaced. */
function tame(rate: number) {
  const snapped = snap(rate)
  if (snapped <= fastest) return snapped
  return snapped < fastest * 1.1 ? fastest : snap(snapped / Math.ceil(snapped / fastest - snapping))
}

function snap(rate: number) {
  const [nearest] = standard.toSorted((a, b) => Math.abs(a - rate) - Math.abs(b - rate))
  return round(Math.abs(nearest! / rate - 1) < snapping ? nearest! : rate)
}

const round = (rate: number) => Number(rate.toFixed(6))
