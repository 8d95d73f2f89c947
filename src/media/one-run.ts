import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readComplaints } from './check/decoder-report.ts'
import { type DiskErrorCode, DiskFailed, diskErrorIn } from './disk-failed.ts'
import { encodeArguments, unfinished } from './encode/arguments.ts'
import { encodersFor } from './encode/choose-encoders.ts'
import { filtersOf } from './encode/filters-of.ts'
import { cellOf } from './encode/hardware.ts'
import { readProgress } from './encode/progress.ts'
import type { Report, reporting } from './encode/report.ts'
import { encode } from './encode/run-encode.ts'
import { draftOf, followSegments, type Segment } from './hls/segments.ts'
import { type Developed, type Judge, judge } from './judge.ts'
import { tracksBeside } from './plan/audio-tracks.ts'
import { mostBytes } from './plan/most-bytes.ts'
import { lead, mostFrames } from './probe/probe.ts'

/** Serves the segments of a film while it is being made. */
export interface Publisher {
  /** `develop` calls it before the first segment, and before a second try: the publisher removes what it has served. */
  begin(): Promise<void>
  add(segment: Segment): Promise<void>
}

/** `directory` is the output folder of the prints, and belongs to this call until it ends. */
export interface Develop extends Judge {
  onProgress?: ((report: Report) => void) | undefined
  publisher?: Publisher | undefined
  /** Where segments begin, if other prints are there already; without it this decides. */
  grid?: 'usual' | 'source' | undefined
  /** Does without encoders in hardware. */
  software?: boolean
  /** Called with what was decided. */
  onNote?: ((note: string) => void) | undefined
  /** Called with the exact arguments, for the record. Twice, if the audio turns out to be unreadable. */
  onCommand?: ((command: string[]) => void) | undefined
  /** Seconds without progress after which ffmpeg counts as hung. */
  stallLimit?: number
}

export type Reports = ReturnType<typeof reporting>

/** Two minutes: a slow disk takes seconds, and the longest single step, an 8K keyframe, less than one. */
const stallLimit = 120

/** One run of ffmpeg for all prints of a pass, and the verdict on it. */
export async function developOnce(work: Develop, reports: Reports): Promise<Developed> {
  const { probe, prints, publisher } = work
  const directory = resolve(work.directory)
  const rungs = prints.map(({ name }) => name)
  const tracks = work.isFurther ? [] : tracksBeside(probe.further)
  reports.begin()
  await publisher?.begin()
  await mkdir(directory, { recursive: true })
  for (const stream of [...rungs, ...tracks]) {
    await rm(draftOf(directory, stream), { recursive: true, force: true })
    await mkdir(draftOf(directory, stream), { recursive: true })
  }
  const segments: Segment[] = []
  const add = async (segment: Segment) => {
    segments.push(segment)
    await publisher?.add(segment)
    if (!tracks.includes(segment.rung)) reports.served(segment)
  }
  const following = followSegments(directory, rungs, add, { names: tracks })
  const ended = await encodeAndListen(work, reports, following)
  reports.phase('checking')
  return judge(work, { ...ended, segments })
}

async function encodeAndListen(work: Develop, reports: Reports, following: ReturnType<typeof followSegments>) {
  const { source, probe, prints, tools, signal } = work
  const directory = resolve(work.directory)
  const encoders = await encodersFor(prints, tools.ffmpeg, work)
  const hardware = cellOf(encoders)
  const args = encodeArguments({
    source,
    probe,
    prints,
    directory,
    likeSource: work.grid === 'source',
    filters: await filtersOf(tools.ffmpeg),
    encoders,
    hasTracks: work.isFurther ?? false
  })
  work.onCommand?.([tools.ffmpeg, ...args])

  const { video } = probe
  const length = video ? video.duration : probe.duration
  const planned = video && length ? Math.max(1, Math.round((length + lead(probe)) * video.fps)) : null
  const complaints = readComplaints(probe)
  let diskError: DiskErrorCode | undefined
  const encoded = await encode(args, {
    ffmpeg: tools.ffmpeg,
    cell: {
      ...hardware,
      reads: [source, ...(hardware.reads ?? [])],
      writes: [directory],
      fileSize: mostBytes(probe, prints)
    },
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
