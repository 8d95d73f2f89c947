export interface Progress {
  /** 0 to 0.99 during the encode, 1 once every print was checked; null where the length is unknown. */
  fraction: number | null
  /** Seconds of the source that are encoded. */
  out_time: number
  frame: number
  fps: number | null
  speed: number | null
  /** Estimated seconds until the end. */
  eta: number | null
}

interface Expected {
  duration: number | null
  /** Frames of one print; null for audio alone. */
  frames: number | null
}

/** Weight of the newest speed: an estimate that jumps is worse than one that lags a little. */
const newest = 0.2

/**
 * Parses ffmpeg's `-progress` output line by line; any value may be N/A, negative or missing. Progress never goes back.
 */
export function readProgress({ duration, frames }: Expected, report: (progress: Progress) => void) {
  let block: Record<string, string> = {}
  let last: Progress = {
    fraction: duration || frames ? 0 : null,
    out_time: 0,
    frame: 0,
    fps: null,
    speed: null,
    eta: null
  }

  return (line: string) => {
    const [key = '', value = ''] = line.split('=').map(part => part.trim())
    block[key] = value
    if (key !== 'progress') return

    last = next(last, block)
    block = {}
    report(last)
  }

  function next(before: Progress, { frame, fps, speed, out_time_us }: Record<string, string>): Progress {
    const now = {
      out_time: Math.max(before.out_time, (count(out_time_us) ?? 0) / 1e6),
      frame: Math.max(before.frame, count(frame) ?? 0),
      fps: count(fps),
      speed: smooth(before.speed, count(speed?.replace('x', '')))
    }
    // Video is the slow part; in ffmpeg's `out_time` audio runs ahead of it.
    const done = frames ? now.frame / frames : duration ? now.out_time / duration : null
    const fraction = done === null ? null : Math.min(0.99, Math.max(before.fraction ?? 0, done))
    const left = fraction === null || !duration ? null : duration * (1 - fraction)
    return { ...now, fraction, eta: left !== null && now.speed ? Math.round(left / now.speed) : null }
  }
}

const smooth = (before: number | null, now: number | null) =>
  now === null || now === 0 ? before : Number((before === null ? now : before + newest * (now - before)).toFixed(3))

function count(text: string | undefined) {
  const value = Number.parseFloat(text ?? '')
  return Number.isFinite(value) && value >= 0 ? value : null
}
