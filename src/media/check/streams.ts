import { mainOf, type Run } from '../hls/boxes.ts'
import type { Segment } from '../hls/segments.ts'
import type { Made } from './made.ts'
import { isAbout } from './times.ts'

/** The stream of one rung, as it can be played. */
export interface Stream {
  rung: string
  segments: { number: number; duration: number; bytes: number }[]
  codecs: string
  duration: number
}

/** How far apart the same moment of two rungs may be, in seconds: less than a frame. */
const aligned = 0.02

/**
 * Checks the streams of a film against its prints and against each other: a player switches between them at any
 * segment. Throws the first reason against one. By what their headers say: `checkEnds` reads their media.
 */
export function checkStreams(segments: Segment[], made: Made[]): Stream[] {
  const streams = made.map(print => streamOf(print, bySegment(segments, print.name)))
  const [first, ...others] = made.map(({ name }) => bySegment(segments, name))
  for (const other of others) compare(first!, other)
  return streams
}

export const refuse = (rung: string, why: string) => new Error(`The stream ${rung} failed its check: ${why}`)

function bySegment(segments: Segment[], rung: string) {
  return segments.filter(segment => segment.rung === rung)
}

const main = ({ runs }: Segment) => mainOf(runs)
const sound = ({ runs }: Segment) => runs.find(({ kind }) => kind === 'sound')

function streamOf(print: Made, segments: Segment[]): Stream {
  const { name, frames, duration } = print
  if (segments.length === 0) throw refuse(name, 'it has no segments')
  const runs = segments.map(main)
  const without = frames === null ? -1 : runs.findIndex(({ kind }) => kind !== 'picture')
  if (without >= 0) throw refuse(name, `its segment ${without} has no picture`)
  const late = runs.findIndex(({ startsWithKeyframe }) => !startsWithKeyframe)
  if (late >= 0) throw refuse(name, `its segment ${late} does not begin with a keyframe`)

  const count = runs.reduce((sum, { samples }) => sum + samples, 0)
  if (frames !== null && count !== frames) throw refuse(name, `it has ${count} frames, and the print has ${frames}`)
  const gap = gapIn(runs)
  if (gap) throw refuse(name, `${gap} at a join of its segments`)
  const tracks = [...segments[0]!.tracks.values()]
  const heard = segments.some(sound)
  if (heard !== (print.audio_codec !== null)) throw refuse(name, heard ? 'it has sound' : 'it has no sound')

  const long = segments.reduce((sum, segment) => sum + segment.duration, 0)
  if (!isAbout(long, duration)) throw refuse(name, `it lasts ${long.toFixed(2)} s, and the print ${duration} s`)
  return {
    rung: name,
    segments: segments.map(({ number, duration, bytes }) => ({ number, duration, bytes })),
    codecs: tracks.flatMap(({ codec }) => codec ?? []).join(','),
    duration: long
  }
}

/** Decoding times go on from segment to segment without a hole. */
export function gapIn(runs: Run[]) {
  for (const [at, { decodeStart }] of runs.entries()) {
    const before = runs[at - 1]
    if (!before) continue
    const jump = decodeStart - (before.decodeStart + before.length)
    if (Math.abs(jump) > aligned) return `${jump.toFixed(3)} s are missing`
  }
  return undefined
}

function compare(one: Segment[], other: Segment[]) {
  const [first, second] = [one[0]!.rung, other[0]!.rung]
  if (one.length !== other.length) {
    throw refuse(second, `it has ${other.length} segments, and ${first} has ${one.length}`)
  }
  const [length, otherLength] = [one, other].map(each => each.reduce((sum, { duration }) => sum + duration, 0))
  if (!isAbout(length!, otherLength!)) {
    throw refuse(second, `it lasts ${otherLength!.toFixed(2)} s, and ${first} ${length!.toFixed(2)} s`)
  }
  const startOf = (segments: Segment[], at: number) => main(segments[at]!).start - main(segments[0]!).start
  const apart = one.findIndex((_, at) => Math.abs(startOf(one, at) - startOf(other, at)) > aligned)
  if (apart >= 0) throw refuse(second, `its segment ${apart} does not begin where that of ${first} does`)
}
