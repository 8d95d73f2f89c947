import { round } from '../probe/numbers.ts'
import type { Damage, Probe } from '../probe/probed.ts'
import { MediaRejected } from '../rejected.ts'
import type { DecoderReport } from './decoder-report.ts'

/**
 * The share of a film that may be missing or broken. A lost frame repeats the one before it, and later frames build on
 * that until the next keyframe: beyond a quarter, a viewer mostly sees damage.
 */
export const mostDamage = 0.25

/** Seconds, and share of the film: headers round, and video and audio rarely end together. */
const endNoise = { seconds: 0.5, share: 0.02 }

/** Frames: the constant rate repeats one or two of any film. */
const gapNoise = 2

/** Audio often begins and ends in the middle of a packet: so few errors are inaudible. */
const soundNoise = { packets: 2, share: 0.01 }

/**
 * The share of a file's bytes that belongs to video and audio. A truncated file is full of them up to its end; in an
 * overwritten one the demuxer finds none in most of the bytes.
 */
const fullFile = 0.75

interface Made {
  duration: number
  frames: number | null
}

/**
 * Hardly anything was decoded. Fewer than half of the frames, with errors, means garbage or encryption rather than
 * damage.
 */
export function isGarbage(report: DecoderReport, { video }: Probe) {
  const main = video ? report.video : report.audio
  if (!main) return false
  const perPicture = video?.interlaced ? 2 : 1
  return main.decoded === 0 || (main.failed > 0 && main.decoded * perPicture < main.packets / 2)
}

/**
 * The missing or broken parts of a film, from the report of its one decode; null if there are none. Throws at too much
 * damage. Gaps and a short end count only beside a demuxer or decoder error: screen recordings pause, and headers lie.
 */
export function assessDamage(report: DecoderReport, probe: Probe, made: Made[]): Damage | null {
  const main = probe.video ? report.video : report.audio
  if (!main) return null
  const known = probe.video?.duration ?? probe.duration ?? 0
  const length = known || Math.max(0.001, ...made.map(({ duration }) => duration))
  const units = probe.video?.frames ?? main.packets / (probe.video?.interlaced ? 2 : 1)
  const failed = probe.video ? main.failed : Math.round(soundShare(main) * main.packets)
  const lost = Math.min(failed, Math.max(0, units - main.decoded))
  const errors = main.failed + main.corrupt + report.skipped > 0

  const gaps = errors ? Math.max(lost / units, gapShare(report, probe)) * length : 0
  const end = errors ? missingEnd(probe, made) : 0
  const broken = (main.corrupt / units) * length
  // A loss at the very end is in both numbers.
  const missing = Math.max(gaps, end, gapShare(report, probe) > 0 ? gaps + end : 0)
  const share = (missing + broken) / Math.max(length, probe.promised_duration ?? 0)

  const isCutOff = ((report.video?.bytes ?? 0) + (report.audio?.bytes ?? 0)) / probe.bytes >= fullFile
  if ((gaps + broken) / length > mostDamage || (share > mostDamage && !isCutOff)) {
    throw tooDamaged(share, lost + main.corrupt)
  }

  const damage = {
    decode_errors: lost + main.corrupt,
    missing_seconds: round(missing),
    share: Math.min(1, Number(share.toFixed(4))),
    sound_share: probe.video ? soundShare(report.audio) : 0
  }
  return Object.values(damage).some(value => value > 0) ? damage : null
}

function tooDamaged(share: number, errors: number) {
  const percent = Math.min(100, Math.round(share * 100))
  return new MediaRejected(
    'too_damaged',
    `The file is damaged: ${percent} % of it is missing or broken (${errors} decode errors), and the limit is ` +
      `${mostDamage * 100} %. Upload an intact copy.`
  )
}

/**
 * The constant rate repeats a frame for each one that the file lacks. Repeats show gaps only where frames come at an
 * even pace, and show none before the first frame: broadcasts begin in the middle of a group of pictures.
 */
function gapShare({ shown, repeated }: DecoderReport, { video }: Probe) {
  if (!video?.pace || repeated <= gapNoise) return 0
  const own = Math.max(0, 1 - video.pace / video.fps) + endNoise.share
  const share = repeated / shown
  return share > own ? share : 0
}

/** Seconds that the header promises and no print has. */
function missingEnd({ video, promised_duration: promised }: Probe, made: Made[]) {
  if (!promised || made.length === 0) return 0
  const seconds = Math.max(...made.map(({ frames, duration }) => (video ? (frames ?? 0) / video.fps : duration)))
  const missing = promised - seconds
  return missing > endNoise.seconds + endNoise.share * promised ? missing : 0
}

function soundShare(audio: DecoderReport['audio']) {
  const { failed = 0, packets = 0 } = audio ?? {}
  const share = failed / Math.max(1, packets)
  return failed > soundNoise.packets && share > soundNoise.share ? Math.min(1, Number(share.toFixed(4))) : 0
}
