import { asFraction } from '../probe/frame-rate.ts'

/** A stretch of a film, on the grid of its prints: it begins with a keyframe and with a segment. */
export interface Part {
  number: number
  /** Its first frame, counted from the beginning of the prints, and how many it has; null: to the end of the film. */
  from: number
  frames: number | null
  /** The same in segments. */
  segment: number
  segments: number | null
}

/** Seconds of film. */
export interface Lengths {
  /** A shorter film is made in one run. */
  shortest: number
  /** Of the first part, which is short: it is at work while the sound is being encoded. */
  first: number
  /** Of the others, at least. */
  usual: number
}

export const usualLengths: Lengths = { shortest: 300, first: 20, usual: 60 }

/** So that a test can be short: three numbers, as in `Lengths`. Not a setting: a film has the same prints either way. */
export const lengthsVariable = 'DARKROOM_FILM_PARTS'

export function lengthsIn(text: string | undefined): Lengths {
  const [shortest, first, usual] = (text ?? '').split(',').map(Number)
  return shortest && first && usual ? { shortest, first, usual } : usualLengths
}

/** Each costs the start of a process, and a decode from the keyframe before it. */
const mostParts = 30

/** Seconds of all segments but the first three, which are of the first four seconds; see encode/arguments.ts. */
const segment = 4
const segmentsOfFirst = 3

/** The parts of a film of so many seconds. */
export function splitFilm(duration: number, fps: number, lengths: Lengths): Part[] {
  const [first, usual] = [whole(lengths.first), whole(lengths.usual)]
  const each = Math.max(usual, whole((duration - first) / (mostParts - 1)))
  // The last one has half of a usual length at least: a header may promise a little more film than there is.
  const others = Math.max(1, Math.round((duration - first) / each))
  const begins = [0, ...Array.from({ length: others }, (_, at) => first + at * each)]
  return begins.map((seconds, number) => {
    const next = begins[number + 1]
    const [from, begin] = [frameAt(seconds, fps), segmentAt(seconds)]
    return {
      number,
      from,
      frames: next === undefined ? null : frameAt(next, fps) - from,
      segment: begin,
      segments: next === undefined ? null : segmentAt(next) - begin
    }
  })
}

const whole = (seconds: number) => Math.max(segment, Math.ceil(seconds / segment) * segment)

const segmentAt = (seconds: number) => (seconds === 0 ? 0 : seconds / segment + segmentsOfFirst - 1)

/** The first frame at or after a time: a single run puts its keyframe there, too. */
function frameAt(seconds: number, fps: number) {
  return seconds === 0 ? 0 : Math.ceil(seconds * exact(fps) - 1e-6)
}

/** Seconds from the beginning of the prints to a frame. */
export function timeOf(frame: number, fps: number) {
  return frame / exact(fps)
}

/** 29.97003 is 30000/1001: over two hours that makes a difference. */
function exact(fps: number) {
  const [frames, seconds = 1] = asFraction(fps).split('/').map(Number)
  return frames! / seconds
}

/** When a keyframe is due in a part whose first frame is `from`, in its own time, for -force_key_frames. */
export function keyframesFrom({ number, from, segment: begin }: Part, fps: number) {
  if (number === 0) return undefined
  const begins = (begin - segmentsOfFirst + 1) * segment
  const late = timeOf(from, fps) - begins
  return `expr:gte(t,n_forced*${segment}-${(late + 1e-6).toFixed(9)})`
}
