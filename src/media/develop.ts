import { mkdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { MediaTools } from './binaries.ts'
import { assessDamage, isGarbage } from './check/damage.ts'
import { type DecoderReport, readComplaints } from './check/decoder-report.ts'
import { decodes } from './check/decodes.ts'
import { checkEnds } from './check/ends.ts'
import { checkStreams, type Stream } from './check/streams.ts'
import { lengthProblem } from './check/times.ts'
import { type Made, verify } from './check/verify.ts'
import { type DiskErrorCode, DiskFailed, diskErrorIn } from './disk-failed.ts'
import { encodeArguments, unfinished } from './encode/arguments.ts'
import { type Progress, readProgress } from './encode/progress.ts'
import { type Report, reporting } from './encode/report.ts'
import { type Encoded, encode } from './encode/run-encode.ts'
import { canToneMap } from './encode/tone-map.ts'
import type { Extras } from './extras/extra.ts'
import { makeExtras } from './extras/make.ts'
import { draftOf, followSegments, type Segment } from './hls/segments.ts'
import { whyEncoded } from './plan/copy.ts'
import type { Print } from './plan/ladder.ts'
import { mostBytes } from './plan/most-bytes.ts'
import { lead, mostFrames } from './probe/probe.ts'
import type { Damage, Probe } from './probe/probed.ts'
import { MediaRejected } from './rejected.ts'
import { together } from './together.ts'

export type { Stream } from './check/streams.ts'
export type { Made } from './check/verify.ts'
export { DiskFailed, isDiskFailure } from './disk-failed.ts'
export { encodeArguments } from './encode/arguments.ts'
export type { Report } from './encode/report.ts'
export { Stalled } from './encode/run-encode.ts'

/** Serves the segments of a film while it is being made. */
export interface Publisher {
  /** `develop` calls it before the first segment, and before a second try: the publisher removes what it has served. */
  begin(): Promise<void>
  add(segment: Segment): Promise<void>
}

export interface Develop {
  source: string
  probe: Probe
  prints: Print[]
  /** Output folder of the prints. Belongs to this call until it ends. */
  directory: string
  tools: MediaTools
  signal?: AbortSignal | undefined
  onProgress?: ((report: Report) => void) | undefined
  publisher?: Publisher | undefined
  /** Makes pictures and subtitles, too. */
  extras?: boolean
  /** Where segments begin, if other prints are there already; without it this decides. */
  grid?: 'usual' | 'source' | undefined
  /** Called with what was decided. */
  onNote?: ((note: string) => void) | undefined
  /** Called with the exact arguments, for the record. Twice, if the audio turns out to be unreadable. */
  onCommand?: ((command: string[]) => void) | undefined
  /** Seconds without progress after which ffmpeg counts as hung. */
  stallLimit?: number
}

export interface Developed {
  made: Made[]
  /** Of each print, in their order. */
  streams: Stream[]
  /** Missing or broken parts of the source; null if there are none. */
  damage: Damage | null
  /** Null where none were asked for. */
  extras: Extras | null
}

/**
 * ffmpeg failed, and neither source nor disk is known to be at fault: out of memory, say, or a build that lacks
 * something.
 */
export class EncodeFailed extends Error {
  readonly code = 'encode_failed'
  readonly stderr: string

  constructor(message: string, stderr: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EncodeFailed'
    this.stderr = stderr
  }
}

/** Two minutes: a slow disk takes seconds, and the longest single step, an 8K keyframe, less than one. */
const stallLimit = 120

/** Exit code of an ffmpeg that read its whole source and had more decode errors than its limit. */
export const tooManyErrors = 69

/**
 * Makes all prints of a source in one pass, all or none: a file gets its final name only after every print was checked.
 * Throws MediaRejected when the source is at fault, and then a retry is pointless; DiskFailed when the disk is.
 */
export async function develop(work: Develop): Promise<Developed> {
  const { prints, directory, probe } = work
  const files = new Set(prints.map(({ file }) => unfinished(file)))
  const reports = reporting(prints, work.onProgress)
  try {
    const developed = await attemptWithCopy(work, reports).catch(error => withoutSound(work, reports, error))
    for (const { file } of prints) {
      await rename(join(directory, unfinished(file)), join(directory, file))
      files.add(file)
    }
    reports.progress(finished(developed.made, probe))
    return developed
  } catch (error) {
    // Files of an earlier run under final names stay until this run replaces them.
    const left = [...files, 'hls'].map(file => join(directory, file))
    await Promise.all(left.map(file => rm(file, { recursive: true, force: true })))
    throw error
  }
}

type Reports = ReturnType<typeof reporting>

/**
 * Copies the largest print where the source is what it has to be. What only shows on the way, damage or a keyframe that
 * is not where the others are, makes all prints be encoded after all.
 */
async function attemptWithCopy(work: Develop, reports: Reports): Promise<Developed> {
  const why =
    work.grid === 'usual' ? 'its segments have to fit those that are there' : whyEncoded(work.probe, work.prints)
  if (why === undefined) {
    const prints = work.prints.map((print, at) => ({ ...print, copied: at === 0 }))
    work.onNote?.(`${prints[0]!.name} is copied: the source is what it has to be`)
    const developed = await attempt({ ...work, prints }, reports).catch(encodedAfterAll)
    if (developed && !developed.damage) return developed
  }
  work.onNote?.(`${work.prints[0]!.name} is encoded: ${why ?? 'its copy failed a check'}`)
  return attempt(work, reports)
}

function encodedAfterAll(error: unknown): undefined {
  if (!(error instanceof EncodeFailed)) throw error
}

async function attempt(work: Develop, reports: Reports): Promise<Developed> {
  const { prints, publisher } = work
  const directory = resolve(work.directory)
  const rungs = prints.map(({ name }) => name)
  reports.begin()
  await publisher?.begin()
  await mkdir(directory, { recursive: true })
  for (const rung of rungs) {
    await rm(draftOf(directory, rung), { recursive: true, force: true })
    await mkdir(draftOf(directory, rung), { recursive: true })
  }
  const segments: Segment[] = []
  const following = followSegments(directory, rungs, async segment => {
    segments.push(segment)
    await publisher?.add(segment)
    reports.served(segment)
  })
  const ended = await encodeAndListen(work, reports, following)
  reports.phase('checking')
  return judge(work, { ...ended, segments })
}

async function encodeAndListen(work: Develop, reports: Reports, following: ReturnType<typeof followSegments>) {
  const { source, probe, prints, tools, signal } = work
  const directory = resolve(work.directory)
  const toneMap = probe.video?.hdr ? await canToneMap(tools.ffmpeg) : false
  const args = encodeArguments({
    source,
    probe,
    prints,
    directory,
    likeSource: work.grid === 'source',
    canToneMap: toneMap
  })
  work.onCommand?.([tools.ffmpeg, ...args])

  const { video } = probe
  const length = video ? video.duration : probe.duration
  const planned = video && length ? Math.max(1, Math.round((length + lead(probe)) * video.fps)) : null
  const complaints = readComplaints(probe)
  let diskError: DiskErrorCode | undefined
  const encoded = await encode(args, {
    ffmpeg: tools.ffmpeg,
    cell: { reads: [source], writes: [directory], fileSize: mostBytes(probe, prints) },
    signal,
    stallLimit: work.stallLimit ?? stallLimit,
    mostFrames: video ? mostFrames(video) : Infinity,
    files: prints.map(({ file }) => join(directory, unfinished(file))),
    onProgressLine: readProgress({ duration: length, frames: planned }, progress => {
      // What is left is the end of each file, and moving the index to the front.
      if (planned && progress.frame >= planned) reports.phase('packaging')
      reports.progress(progress)
      following.look()
    }),
    onStderrLine: line => {
      diskError ??= diskErrorIn(line)
      complaints.onLine(line)
    }
  })
  if (diskError) throw new DiskFailed(diskError, encoded.stderr)
  const unsound = await following.end()
  return { encoded, report: complaints.report, unsound }
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
async function judge(work: Develop, { encoded, report, segments, unsound }: Judged): Promise<Developed> {
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
    const streams = streamsOf(segments, made, encoded)
    if (badEnds) throw failure(encoded, badEnds)
    return { made, streams, damage, extras }
  }

  const { index } = probe.video ?? probe.audio!
  if (!(await decodes(source, index, { tools, signal }))) throw unreadable()
  throw failure(encoded, broken?.reason)
}

/** Opens all prints, and then makes the extras from them, as these have no part in the verdict. */
async function verifyAndPicture({ source, probe, prints, tools, extras, ...work }: Develop, signal: AbortSignal) {
  const directory = resolve(work.directory)
  const checks = await Promise.allSettled(prints.map(print => verify(print, { probe, directory, tools, signal })))
  signal.throwIfAborted()
  const broken = checks.find(check => check.status === 'rejected')
  const verified = checks.flatMap(check => (check.status === 'fulfilled' ? [check.value] : []))
  if (broken || !extras) return { verified, broken, extras: null }
  const made = verified.map(({ made }) => ({ ...made, file: unfinished(made.file) }))
  return { verified, broken, extras: await makeExtras({ source, probe, made, directory, tools, signal }) }
}

const asValue = (error: Error) => error

function streamsOf(segments: Segment[], made: Made[], encoded: Encoded) {
  try {
    return checkStreams(segments, made)
  } catch (error) {
    throw failure(encoded, error as Error)
  }
}

/** Undecodable audio does not fail the video. */
async function withoutSound(work: Develop, reports: Reports, error: unknown): Promise<Developed> {
  const { source, probe, tools, signal } = work
  const bothThere = probe.video && probe.audio
  if (!(error instanceof EncodeFailed) || !bothThere) throw error
  if (await decodes(source, probe.audio!.index, { tools, signal })) throw error
  const { damage, ...developed } = await attempt({ ...work, probe: { ...probe, audio: null } }, reports)
  return { ...developed, damage: { decode_errors: 0, missing_seconds: 0, share: 0, ...damage, sound_share: 1 } }
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

function finished(made: Made[], { video }: Probe): Progress {
  const duration = Math.max(...made.map(print => print.duration))
  const frame = video ? (made[0]?.frames ?? 0) : 0
  return { fraction: 1, out_time: duration, frame, fps: null, speed: null, eta: 0 }
}
