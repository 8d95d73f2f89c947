import { lead } from '../probe/probe.ts'
import type { Probe } from '../probe/probed.ts'
import type { DecoderReport } from './decoder-report.ts'

/** Seconds of a stream in a print. */
export interface Span {
  start: number
  end: number
}

interface Times {
  picture: Span | undefined
  sound: Span | undefined
  frames: number | null
}

/** Seconds by which picture and sound of a print may begin apart: both begin at zero, whatever those of the source do. */
const apart = 0.1

/** Containers with one clock from their beginning to their end. Broadcasts jump, and only ffmpeg bridges that. */
export const steady = /^(mov|matroska|avi|mxf|mp3|wav|flac|aac|aiff|amr)/

/** Whether two lengths are the same within 0.2 s and 1 %. */
export function isAbout(one: number, other: number) {
  return Math.abs(one - other) <= 0.2 + 0.01 * Math.max(one, other)
}

/** Why the clock of a print is wrong: picture and sound begin together, and its frames come at the constant rate. */
export function timesProblem({ picture, sound, frames }: Times, { video }: Probe): string | undefined {
  if (picture && sound && Math.abs(picture.start - sound.start) > apart) {
    return `its picture begins at ${picture.start.toFixed(2)} s and its sound at ${sound.start.toFixed(2)} s`
  }
  if (!picture || !video) return undefined
  const [shown, counted] = [picture.end - picture.start, frames! / video.fps]
  if (isAbout(shown, counted)) return undefined
  return `its picture lasts ${shown.toFixed(2)} s, and its ${frames} frames ${counted.toFixed(2)} s`
}

/** A print with the times of its streams. */
export interface Timed {
  made: { name: string; frames: number | null; duration: number }
  picture: Span | undefined
  sound: Span | undefined
}

interface Against {
  probe: Probe
  report: DecoderReport
  /** Whether something of the source is missing: then only the prints are compared with each other. */
  damaged: boolean
}

/** Why the prints of a source that was read whole are not as long as it is, or not as long as each other. */
export function lengthProblem(prints: Timed[], { probe, report, damaged }: Against): string | undefined {
  const expected = damaged ? undefined : secondsOf(probe, report)
  const seconds = prints.map(({ made }) => (probe.video ? made.frames! / probe.video.fps : made.duration))
  for (const [at, { made, picture, sound }] of prints.entries()) {
    const long = seconds[at]!
    if (!isAbout(long, seconds[0]!)) {
      return `The print ${made.name} lasts ${long.toFixed(2)} s, and ${prints[0]!.made.name} ${seconds[0]!.toFixed(2)} s`
    }
    const near = expected && Math.min(Math.max(long, expected.least), expected.most)
    if (near !== undefined && !isAbout(long, near)) {
      return `The print ${made.name} lasts ${long.toFixed(2)} s, and its source ${near.toFixed(2)} s`
    }
    const drift = damaged ? 0 : driftOf({ picture, sound }, probe)
    if (Math.abs(drift) > 0.2 + 0.01 * long) {
      const how = `${Math.abs(drift).toFixed(2)} s ${drift < 0 ? 'earlier' : 'later'}`
      return `The sound of the print ${made.name} ends ${how} beside the picture than that of its source`
    }
  }
  return undefined
}

/**
 * Seconds that came out of the decoder at the constant rate; of sound alone those of its packets. A print shows its first
 * picture from the beginning of the file on: before it there may be sound, streams that no print has, or in a broadcast
 * pictures that cannot be decoded.
 */
function secondsOf(probe: Probe, { shown }: DecoderReport) {
  const { container, video, audio, start_time } = probe
  if (!video) {
    const { duration } = audio!
    return duration && steady.test(container) ? { least: duration, most: duration } : undefined
  }
  if (shown === 0) return undefined
  const least = shown / video.fps + lead(probe)
  const before = Math.max(lead(probe), video.start_time - start_time)
  return { least, most: Math.max(least, shown / video.fps + before, (video.duration ?? 0) + before) }
}

/** Seconds by which sound and picture end further apart than in the source; 0 where its packets were not all read. */
function driftOf({ picture, sound }: Pick<Timed, 'picture' | 'sound'>, { container, video, audio }: Probe) {
  if (!picture || !sound || !video?.duration || !audio?.duration || !steady.test(container)) return 0
  const own = audio.start_time + audio.duration - (video.start_time + video.duration)
  return sound.end - picture.end - own
}
