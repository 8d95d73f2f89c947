import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { decodes } from './check/decodes.ts'
import type { Made } from './check/made.ts'
import { unfinished } from './encode/arguments.ts'
import { inHardware } from './encode/hardware.ts'
import type { Progress } from './encode/progress.ts'
import { reporting } from './encode/report.ts'
import { Stalled } from './encode/run-encode.ts'
import { EncodeFailed } from './encode-failed.ts'
import type { Developed } from './judge.ts'
import { type Develop, developOnce, type Reports } from './one-run.ts'
import { whyEncoded } from './plan/copy.ts'
import type { Probe } from './probe/probed.ts'
import { MediaRejected } from './rejected.ts'

export type { Made } from './check/made.ts'
export type { Stream } from './check/streams.ts'
export { DiskFailed, isDiskFailure } from './disk-failed.ts'
export { encodeArguments } from './encode/arguments.ts'
export type { Report } from './encode/report.ts'
export { Stalled } from './encode/run-encode.ts'
export type { Developed } from './judge.ts'
export type { Develop, Publisher } from './one-run.ts'

/**
 * Makes all prints of a source in one pass, all or none: a file gets its final name only after every print was checked.
 * Throws MediaRejected when the source is at fault, and then a retry is pointless; DiskFailed when the disk is.
 */
export async function develop(work: Develop): Promise<Developed> {
  const { prints, directory, probe } = work
  const files = new Set(prints.map(({ file }) => unfinished(file)))
  const reports = reporting(prints, work.onProgress)
  try {
    const developed = await byHardware(work, reports)
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

/**
 * By an encoder in hardware, where this process has one for these prints. Cards run out of memory and sessions, and
 * drivers crash: whatever its encode ends with, the film is then made in software, and that decides.
 */
async function byHardware(work: Develop, reports: Reports): Promise<Developed> {
  const encoder = work.probe.video && inHardware(work.prints[0]!.codec)
  if (!encoder) return withOrWithoutSound(work, reports)
  work.onNote?.(`encoded by ${encoder}`)
  return withOrWithoutSound(work, reports).catch(error => {
    const isOfEncode = [EncodeFailed, Stalled, MediaRejected].some(type => error instanceof type)
    if (!isOfEncode || work.signal?.aborted) throw error
    work.onNote?.(`${encoder} failed, so the film is encoded in software: ${error.message}`)
    return withOrWithoutSound({ ...work, software: true }, reports)
  })
}

function withOrWithoutSound(work: Develop, reports: Reports) {
  return attemptWithCopy(work, reports).catch(error => withoutSound(work, reports, error))
}

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
    const developed = await developOnce({ ...work, prints }, reports).catch(encodedAfterAll)
    if (developed && !developed.damage) return developed
  }
  work.onNote?.(`${work.prints[0]!.name} is encoded: ${why ?? 'its copy failed a check'}`)
  return developOnce(work, reports)
}

function encodedAfterAll(error: unknown): undefined {
  if (!(error instanceof EncodeFailed)) throw error
}

/** Undecodable audio does not fail the video. */
async function withoutSound(work: Develop, reports: Reports, error: unknown): Promise<Developed> {
  const { source, probe, tools, signal } = work
  const bothThere = probe.video && probe.audio
  if (!(error instanceof EncodeFailed) || !bothThere) throw error
  if (await decodes(source, probe.audio!.index, { tools, signal })) throw error
  const { damage, ...developed } = await developOnce(
    { ...work, probe: { ...probe, audio: null, further: [] } },
    reports
  )
  return { ...developed, damage: { decode_errors: 0, missing_seconds: 0, share: 0, ...damage, sound_share: 1 } }
}

function finished(made: Made[], { video }: Probe): Progress {
  const duration = Math.max(...made.map(print => print.duration))
  const frame = video ? (made[0]?.frames ?? 0) : 0
  return { fraction: 1, out_time: duration, frame, fps: null, speed: null, eta: 0 }
}
