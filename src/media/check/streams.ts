import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { MediaTools } from '../binaries.ts'
import { guardedInput, memoryGuard } from '../guards.ts'
import { mainOf, type Run } from '../hls/boxes.ts'
import type { Segment } from '../hls/segments.ts'
import { run } from '../run.ts'
import { isAbout } from './times.ts'
import type { Made } from './verify.ts'

/** The stream of one rung, as it can be played. */
export interface Stream {
  rung: string
  segments: { number: number; duration: number; bytes: number }[]
  codecs: string
  duration: number
}

export interface Where {
  directory: string
  tools: MediaTools
  signal?: AbortSignal | undefined
}

/** Seconds for decoding the first and the last segment of every stream. */
const timeout = 120

/** How far apart the same moment of two rungs may be, in seconds: less than a frame. */
const aligned = 0.02

/**
 * Checks the streams of a film against its prints and against each other: a player switches between them at any
 * segment. Throws the first reason against one.
 */
export async function checkStreams(segments: Segment[], made: Made[], where: Where): Promise<Stream[]> {
  const streams = made.map(print => streamOf(print, bySegment(segments, print.name)))
  const [first, ...others] = made.map(({ name }) => bySegment(segments, name))
  for (const other of others) compare(first!, other)
  await decodeEnds(made.map(({ name }) => bySegment(segments, name)).flatMap(endsOf), where)
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

const endsOf = (segments: Segment[]) => [...new Set([segments[0]!, segments.at(-1)!])]

/** The first and the last segment of each stream, decoded as a whole, each behind its init segment. */
export async function decodeEnds(ends: Segment[], { directory, tools, signal }: Where) {
  const files = await Promise.all(
    ends.map(async ({ rung, number, init, file }) => {
      const whole = path.join(directory, `check-${rung}-${number}.mp4`)
      await copyFile(init, whole)
      await writeFile(whole, await readFile(file), { flag: 'a' })
      return whole
    })
  )
  const { exitCode, stderr } = await run(
    tools.ffmpeg,
    [
      ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-xerror'],
      ...files.flatMap(file => [...memoryGuard, ...guardedInput(file)]),
      ...files.flatMap((_, at) => ['-map', String(at)]),
      ...['-f', 'null', '-']
    ],
    { signal, timeout, reads: files }
  )
  await Promise.all(files.map(file => rm(file, { force: true })))
  // A decoder conceals what is broken, and says so; ffmpeg then ends with 0.
  if (exitCode !== 0 || stderr.trim() !== '') {
    const rungs = [...new Set(ends.map(({ rung }) => rung))].join(', ')
    throw refuse(rungs, `a first or last segment does not decode: ${stderr.trim().split('\n').at(-1)}`)
  }
}
