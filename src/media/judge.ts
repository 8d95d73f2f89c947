import { resolve } from 'node:path'
import type { MediaTools } from './binaries.ts'
import { checkTracks } from './check/audio-tracks.ts'
import { assessDamage, isGarbage } from './check/damage.ts'
import type { DecoderReport } from './check/decoder-report.ts'
import { decodes } from './check/decodes.ts'
import { checkEnds } from './check/ends.ts'
import type { Made } from './check/made.ts'
import { checkStreams, type Stream } from './check/streams.ts'
import { lengthProblem } from './check/times.ts'
import { verify } from './check/verify.ts'
import { unfinished } from './encode/arguments.ts'
import type { Encoded } from './encode/run-encode.ts'
import { EncodeFailed, tooManyErrors } from './encode-failed.ts'
import type { Extras } from './extras/extra.ts'
import { makeExtras } from './extras/make.ts'
import type { Segment } from './hls/segments.ts'
import type { Print } from './plan/print.ts'
import type { Damage, Probe } from './probe/probed.ts'
import { MediaRejected } from './rejected.ts'
import { together } from './together.ts'

export interface Judge {
  source: string
  probe: Probe
  prints: Print[]
  directory: string
  tools: MediaTools
  signal?: AbortSignal | undefined
  /** Makes pictures and subtitles, too. */
  extras?: boolean
  /** Prints of another codec of this film were made before: streams of its audio tracks are there. */
  isFurther?: boolean | undefined
}

export interface Developed {
  made: Made[]
  /** Of each print, in their order. */
  streams: Stream[]
  /** Of each audio track, where there are several. */
  tracks: Stream[]
  /** Missing or broken parts of the source; null if there are none. */
  damage: Damage | null
  /** Null where none were asked for. */
  extras: Extras | null
}

interface Judged {
  encoded: Encoded
  report: DecoderReport
  segments: Segment[]
  /** Why a segment is broken. */
  unsound: Error | undefined
}

/**
 * Judges a finished encode. Its exit code alone does not tell: 0 comes with a print of two frames, 1 with a good one.
 */
export async function judge(work: Judge, { encoded, report, segments, unsound }: Judged): Promise<Developed> {
  const { source, probe, prints, tools, signal } = work
  if (encoded.overran) {
    throw new MediaRejected(
      'too_sparse',
      'The pictures of this file last far longer than its header says: its timestamps are damaged.'
    )
  }
  if (isGarbage(report, probe)) throw unreadable()

  // The ends of prints and streams are read meanwhile; what is wrong with them counts last.
  const [{ verified, broken, extras }, badEnds] = await together(
    signal,
    signal => verifyAndPicture(work, signal),
    signal => checkEnds(segments, prints, { directory: resolve(work.directory), tools, signal }).then(() => {}, asValue)
  )
  const made = verified.map(({ made }) => made)

  // A killed ffmpeg has read only a part of the source, so missing parts prove nothing about the source.
  const ranToItsEnd = encoded.exitCode === 0 || encoded.exitCode === tooManyErrors
  const damage = ranToItsEnd ? assessDamage(report, probe, made) : null
  if (!broken && isLongEnough(encoded, report, probe, made)) {
    if (unsound) throw failure(encoded, unsound)
    const wrong = lengthProblem(verified, { probe, report, damaged: damage !== null || encoded.exitCode !== 0 })
    if (wrong) throw failure(encoded, new Error(wrong))
    const sound = streamsOf(segments, made, { ...work, probe: { ...probe, damage } }, encoded)
    if (badEnds) throw failure(encoded, badEnds)
    return { made, ...sound, damage, extras }
  }

  const { index } = probe.video ?? probe.audio!
  if (!(await decodes(source, index, { tools, signal }))) throw unreadable()
  throw failure(encoded, broken?.reason)
}

/** Opens all prints, and then makes the extras from them, as these have no part in the verdict. */
async function verifyAndPicture({ source, probe, prints, tools, extras, ...work }: Judge, signal: AbortSignal) {
  const directory = resolve(work.directory)
  const checks = await Promise.allSettled(prints.map(print => verify(print, { probe, directory })))
  signal.throwIfAborted()
  const broken = checks.find(check => check.status === 'rejected')
  const verified = checks.flatMap(check => (check.status === 'fulfilled' ? [check.value] : []))
  if (broken || !extras) return { verified, broken, extras: null }
  const made = verified.map(({ made }) => ({ ...made, file: unfinished(made.file) }))
  return { verified, broken, extras: await makeExtras({ source, probe, made, directory, tools, signal }) }
}

const asValue = (error: Error) => error

function streamsOf(segments: Segment[], made: Made[], { probe, isFurther }: Judge, encoded: Encoded) {
  try {
    return { streams: checkStreams(segments, made), tracks: isFurther ? [] : checkTracks(segments, probe) }
  } catch (error) {
    throw failure(encoded, error as Error)
  }
}

const unreadable = () =>
  new MediaRejected('unreadable', 'The file cannot be decoded: it is damaged, incomplete or encrypted.')

function failure({ exitCode, signal, stderr }: Encoded, cause: Error | undefined) {
  const how = signal ? `was killed by ${signal}` : `ended with code ${exitCode}`
  return new EncodeFailed(`ffmpeg ${how}. ${cause?.message ?? 'Its prints are too short.'}`, stderr, { cause })
}

/**
 * Whether the prints hold all that was decoded. A truncated source makes a short print, which is correct. A source that
 * was read whole must not, except for frames before its first keyframe and those counted as damage.
 */
function isLongEnough({ exitCode }: Encoded, report: DecoderReport, probe: Probe, made: Made[]) {
  if (exitCode !== 0 && exitCode !== tooManyErrors) return reaches(0.98, made, probe)
  const { video } = report
  if (!video || !probe.video?.frames || video.packets < probe.video.frames) return true
  return reaches(0.9 * Math.min(1, video.decoded / probe.video.frames), made, probe)
}

/** Whether the prints last nearly as long as the source should. A second is for rounding and gaps. */
function reaches(share: number, made: Made[], { video, duration }: Probe) {
  const expected = share * ((video ? video.duration : duration) ?? 0) - 1
  return made.every(print => (video ? print.frames! / video.fps : print.duration) >= expected)
}
