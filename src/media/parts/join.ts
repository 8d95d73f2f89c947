import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { MediaTools } from '../binaries.ts'
import { checkEnds } from '../check/ends.ts'
import type { Made } from '../check/made.ts'
import { checkStreams, type Stream } from '../check/streams.ts'
import { lengthProblem } from '../check/times.ts'
import { type Verified, verify } from '../check/verify.ts'
import { DiskFailed, diskErrorIn } from '../disk-failed.ts'
import { unfinished } from '../encode/arguments.ts'
import { namedTracks } from '../encode/sound.ts'
import { EncodeFailed } from '../encode-failed.ts'
import { guardedInput, memoryGuard } from '../guards.ts'
import type { Segment } from '../hls/segments.ts'
import { mostBytes } from '../plan/most-bytes.ts'
import type { Print } from '../plan/print.ts'
import type { Probe } from '../probe/probed.ts'
import { run } from '../run.ts'
import { cutTracks } from './cut-tracks.ts'
import { PartDoubtful } from './encode-part.ts'
import { trackOf } from './retime.ts'
import { unitsOf } from './sound.ts'

export interface JoinParts {
  probe: Probe
  prints: Print[]
  /** Of all parts and prints, with local paths. */
  segments: Segment[]
  /** The encoded sound of the whole film, where it has several audio tracks. */
  sound: string | undefined
  directory: string
  tools: MediaTools
  signal: AbortSignal
  onProgress(fraction: number): void
}

/** Bytes a second that any disk reads and writes, and seconds for the start. */
const slowest = 5_000_000
const start = 60

export interface Joined {
  made: Made[]
  streams: Stream[]
  /** Of the audio tracks, where there are several, and their segments. */
  tracks: Stream[]
  trackSegments: Segment[]
}

/** Joins the segments of all parts into one file for each print, by copying, and checks prints and streams as a whole. */
export async function joinParts(work: JoinParts): Promise<Joined> {
  const { probe, prints, segments, directory, tools, signal, onProgress } = work
  const verified: Verified[] = []
  for (const [at, print] of prints.entries()) {
    const own = segments.filter(({ rung }) => rung === print.name)
    await joinPrint(print, own, work)
    verified.push(await verify(print, { probe, directory }).catch(failed(signal)))
    onProgress((at + 1) / (prints.length + 1))
  }
  const made = verified.map(({ made }) => made)
  // Each part has all frames that its stretch should have; this compares picture with sound, and the prints.
  const report = { video: undefined, audio: undefined, skipped: 0, shown: made[0]!.frames ?? 0, repeated: 0 }
  const wrong = lengthProblem(verified, { probe, report, damaged: false })
  if (wrong) throw new PartDoubtful(wrong)
  const checked = async () => {
    const streams = checkStreams(segments, made)
    await checkEnds(segments, made, { directory, tools, signal })
    return { streams, ...(await cutTracks(work)) }
  }
  const sound = await checked().catch(failed(signal))
  for (const { file } of prints) await rename(join(directory, unfinished(file)), join(directory, file))
  return { made, ...sound }
}

/** A stream without its playlist is a file that any player reads; ffmpeg gives it an index at the front. */
async function joinPrint(print: Print, segments: Segment[], work: JoinParts) {
  const { probe, prints, directory, sound, tools, signal } = work
  const whole = join(directory, `${print.name}.segments.mp4`)
  for (const [at, file] of [segments[0]!.init, ...segments.map(({ file }) => file)].entries()) {
    await pipeline(createReadStream(file), createWriteStream(whole, { flags: at === 0 ? 'w' : 'a' }), { signal })
  }
  const target = join(directory, unfinished(print.file))
  const { size } = await stat(whole)
  const most = mostBytes(probe, prints)
  const { exitCode, stderr } = await run(
    tools.ffmpeg,
    [
      ...['-nostdin', '-hide_banner', '-y', '-loglevel', 'warning', ...memoryGuard],
      ...['-ignore_editlist', '1', ...guardedInput(whole)],
      ...(sound === undefined ? [] : guardedInput(sound)),
      ...['-map', '0:v:0', '-map', '0:a:0?', ...(sound === undefined ? [] : furtherOf(probe))],
      ...['-c', 'copy', '-copyts', '-map_metadata', '-1', '-map_chapters', '-1'],
      ...earlier(segments[0]!),
      ...['-movflags', '+faststart', '-f', 'mp4', `file:${target}`]
    ],
    {
      ...{
        signal,
        timeout: Math.ceil(start + (2 * size) / slowest),
        reads: [whole, ...(sound === undefined ? [] : [sound])],
        writes: [directory]
      },
      ...(most !== undefined && { fileSize: most })
    }
  )
  await rm(whole, { force: true })
  const full = stderr.split('\n').map(diskErrorIn).find(Boolean)
  if (full) throw new DiskFailed(full, stderr)
  if (exitCode !== 0) throw new EncodeFailed(`The parts of ${print.name} could not be joined.`, stderr)
}

/** The other tracks, and the names of all. */
function furtherOf({ audio, further, audio_tracks: names }: Probe) {
  return [...further.flatMap((_, at) => ['-map', `1:a:${at + 1}`]), ...namedTracks([audio!, ...further], names)]
}

/**
 * A stream says by an edit list when its tracks begin, in milliseconds, and later than a file has to. Without that list
 * the first frame is late by those that are decoded before it, and the sound by the packet before the beginning.
 */
function earlier({ runs, tracks }: Segment) {
  const [, { timescale }] = trackOf(tracks, 'picture')!
  const { start, decodeStart } = runs.find(({ kind }) => kind === 'picture')!
  const [frames, packet] = [Math.round((start - decodeStart) * timescale), unitsOf(1)]
  return [
    ...['-bsf:v', `setts=pts=PTS-${frames}:dts=DTS-${frames}`],
    ...(trackOf(tracks, 'sound') ? ['-bsf:a:0', `setts=pts=PTS-${packet}:dts=DTS-${packet}`] : [])
  ]
}

function failed(signal: AbortSignal) {
  return (error: Error): never => {
    signal.throwIfAborted()
    throw new PartDoubtful(error.message, { cause: error })
  }
}
