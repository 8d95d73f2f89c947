import { mkdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { MediaTools } from './binaries.ts'
import { decodes, summarise } from './check/decoded.ts'
import { type Made, verify } from './check/verify.ts'
import { type DiskErrorCode, DiskFailed, diskErrorIn } from './disk-failed.ts'
import { encodeArguments, unfinished } from './encode/arguments.ts'
import { type Progress, readProgress } from './encode/progress.ts'
import { encode } from './encode/run-encode.ts'
import { canToneMap } from './encode/tone-map.ts'
import type { Print } from './plan/ladder.ts'
import { lead, mostFrames } from './probe/probe.ts'
import type { Probe } from './probe/probed.ts'
import { MediaRejected } from './rejected.ts'

export type { Made } from './check/verify.ts'
export { DiskFailed, isDiskFailure } from './disk-failed.ts'
export { encodeArguments } from './encode/arguments.ts'
export type { Progress } from './encode/progress.ts'
export { Stalled } from './encode/run-encode.ts'

export interface Develop {
  source: string
  probe: Probe
  prints: Print[]
  /** Where the prints go. Nobody else may write there meanwhile. */
  directory: string
  tools: MediaTools
  signal?: AbortSignal | undefined
  onProgress?: ((progress: Progress) => void) | undefined
  /** Is told the exact arguments, for the record. Twice, if the sound turns out to be unreadable. */
  onCommand?: ((command: string[]) => void) | undefined
  /** Seconds without progress after which ffmpeg is taken for dead. */
  stallLimit?: number
}

/** ffmpeg gave up, and the source is not to blame as far as one can tell: no memory, a build that lacks something. */
export class EncodeFailed extends Error {
  readonly code = 'encode_failed'
  readonly stderr: string

  constructor(message: string, stderr: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EncodeFailed'
    this.stderr = stderr
  }
}

/** Two minutes: a slow disk takes seconds, and the longest single step, a keyframe of 8K, less than one. */
const stallLimit = 120

/**
 * Makes all prints of a source in one pass, all or none: a file has its final name only after every print was checked.
 * Throws MediaRejected when the source is at fault, and then there is no point in trying again.
 */
export async function develop(work: Develop): Promise<Made[]> {
  const { prints, directory, probe } = work
  const files = new Set(prints.map(({ file }) => unfinished(file)))
  await mkdir(directory, { recursive: true })
  try {
    const made = await attempt(work).catch(error => withoutSound(work, error))
    for (const { file } of prints) {
      await rename(join(directory, unfinished(file)), join(directory, file))
      files.add(file)
    }
    work.onProgress?.(finished(made, probe))
    return made
  } catch (error) {
    // What an earlier run has left under a final name stays as long as this one has not replaced it.
    await Promise.all([...files].map(file => rm(join(directory, file), { force: true })))
    throw error
  }
}

async function attempt(work: Develop): Promise<Made[]> {
  const { source, probe, prints, tools, signal } = work
  const directory = resolve(work.directory)
  const toneMap = probe.video?.hdr ? await canToneMap(tools.ffmpeg) : false
  const args = encodeArguments({ source, probe, prints, directory, canToneMap: toneMap })
  work.onCommand?.([tools.ffmpeg, ...args])

  const { video } = probe
  const length = video ? video.duration : probe.duration
  const planned = video && length ? Math.max(1, Math.round((length + lead(probe)) * video.fps)) : null
  let diskError: DiskErrorCode | undefined
  const {
    exitCode,
    signal: killedBy,
    overran,
    stderr
  } = await encode(args, {
    ffmpeg: tools.ffmpeg,
    signal,
    stallLimit: work.stallLimit ?? stallLimit,
    mostFrames: video ? mostFrames(video) : Infinity,
    files: prints.map(({ file }) => join(directory, unfinished(file))),
    onProgressLine: readProgress({ duration: length, frames: planned }, progress => work.onProgress?.(progress)),
    onStderrLine: line => {
      diskError ??= diskErrorIn(line)
    }
  })
  if (diskError) throw new DiskFailed(diskError, stderr)
  if (overran) {
    throw new MediaRejected(
      'too_sparse',
      'The pictures of this file last far longer than it says: its clock is damaged.'
    )
  }

  const read = video ? summarise(stderr, video.index) : undefined
  if (read && isGarbage(read, probe)) throw unreadable()
  const checks = await Promise.allSettled(prints.map(print => verify(print, { probe, directory, tools, signal })))
  signal?.throwIfAborted()
  const broken = checks.find(check => check.status === 'rejected')
  const made = checks.flatMap(check => (check.status === 'fulfilled' ? [check.value] : []))

  // A source that ends early makes a short print, and that is honest. One that was read whole must not.
  const readWhole = Boolean(read && video?.frames && read.packets >= video.frames)
  if (!broken && (exitCode === 0 ? !readWhole || reaches(0.9, made, probe) : reaches(0.98, made, probe))) return made
  if (video && !(await decodes(source, video.index, { tools, signal }))) throw unreadable()
  if (!video && !(await decodes(source, probe.audio!.index, { tools, signal }))) throw unreadable()
  const how = killedBy ? `was killed by ${killedBy}` : `ended with code ${exitCode}`
  throw new EncodeFailed(`ffmpeg ${how}. ${broken?.reason.message ?? 'Its prints are too short.'}`, stderr, {
    cause: broken?.reason
  })
}

/** A sound that cannot be decoded does not take the picture with it. */
async function withoutSound(work: Develop, error: unknown): Promise<Made[]> {
  const { source, probe, tools, signal } = work
  const bothThere = probe.video && probe.audio
  if (!(error instanceof EncodeFailed) || !bothThere) throw error
  if (await decodes(source, probe.audio!.index, { tools, signal })) throw error
  return attempt({ ...work, probe: { ...probe, audio: null } })
}

const unreadable = () =>
  new MediaRejected('unreadable', 'The file cannot be decoded: it is damaged, incomplete or encrypted.')

/**
 * A picture that does not decode leaves a gap that the constant rate fills with its neighbour, so a print of garbage
 * has the right length. Fewer than half of the pictures, with errors, is garbage. Two packets may make one picture.
 */
function isGarbage(
  { packets, frames, errors }: { packets: number; frames: number; errors: boolean },
  { video }: Probe
) {
  const perPicture = video?.interlaced ? 2 : 1
  return frames === 0 || (errors && frames * perPicture < packets / 2)
}

/** Whether the prints last as long as the source should, or nearly. A second is what rounding and gaps may take. */
function reaches(share: number, made: Made[], { video, duration }: Probe) {
  const expected = share * ((video ? video.duration : duration) ?? 0) - 1
  return made.every(print => (video ? print.frames! / video.fps : print.duration) >= expected)
}

function finished(made: Made[], { video }: Probe): Progress {
  const duration = Math.max(...made.map(print => print.duration))
  const frame = video ? (made[0]?.frames ?? 0) : 0
  return { fraction: 1, out_time: duration, frame, fps: null, speed: null, eta: 0 }
}
