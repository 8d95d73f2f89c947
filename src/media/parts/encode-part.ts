import { mkdir, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { MediaTools } from '../binaries.ts'
import { readComplaints } from '../check/decoder-report.ts'
import { checkEnds } from '../check/ends.ts'
import type { Made } from '../check/made.ts'
import { checkStreams } from '../check/streams.ts'
import { DiskFailed, diskErrorIn } from '../disk-failed.ts'
import { encodersFor } from '../encode/choose-encoders.ts'
import { filtersOf } from '../encode/filters-of.ts'
import { cellOf } from '../encode/hardware.ts'
import { type Progress, readProgress } from '../encode/progress.ts'
import { encode } from '../encode/run-encode.ts'
import { EncodeFailed, tooManyErrors } from '../encode-failed.ts'
import { readSegment, SegmentBroken } from '../hls/boxes.ts'
import { draftOf, followSegments, type Segment } from '../hls/segments.ts'
import { mostBytes } from '../plan/most-bytes.ts'
import type { Print } from '../plan/print.ts'
import { mostFrames } from '../probe/probe.ts'
import type { Probe } from '../probe/probed.ts'
import { partArguments } from './arguments.ts'
import { retime, trackOf } from './retime.ts'
import { packetAt, unitsOf } from './sound.ts'
import { type Part, timeOf } from './split.ts'

export interface DevelopPart {
  source: string
  probe: Probe
  prints: Print[]
  part: Part
  /** The encoded sound, as far as this part goes. */
  sound: string | undefined
  directory: string
  tools: MediaTools
  signal: AbortSignal
  /** Passes on each finished segment, with its number and its times in the whole stream. */
  onSegment(segment: Segment): Promise<void>
  onProgress(progress: Progress): void
  onCommand?(command: string[]): void
}

export interface DevelopedPart {
  segments: Segment[]
  /** Frames of each print. */
  frames: number
  /** Of each print: what a decoder has to know before the first segment. All parts of a film must have the same. */
  setups: Record<string, string>
}

/**
 * What was made does not pass its checks: the source is damaged, say, or its frames have other times than its header says.
 * A single run copes with more, and judges a film as a whole.
 */
export class PartDoubtful extends Error {
  override name = 'PartDoubtful'
}

/** Seconds without progress after which ffmpeg counts as hung. */
const stallLimit = 120

/** Encodes a part and checks it as a film is checked: counts, keyframes, times, its first and last segment decoded. */
export async function developPart(work: DevelopPart): Promise<DevelopedPart> {
  const { probe, prints, part, signal, onSegment } = work
  const directory = resolve(work.directory)
  const rungs = prints.map(({ name }) => name)
  for (const rung of rungs) {
    await rm(draftOf(directory, rung), { recursive: true, force: true })
    await mkdir(draftOf(directory, rung), { recursive: true })
  }
  const place = placing(part, probe.video!.fps)
  const segments: Segment[] = []
  const following = followSegments(directory, rungs, async local => {
    const segment = await place(local)
    segments.push(segment)
    await onSegment(segment)
  })
  const report = await encodeSegments(work, directory, () => following.look())
  signal.throwIfAborted()
  const unsound = await following.end()
  const { skipped, video } = report
  if (skipped > 0 || (video && video.failed + video.corrupt > 0)) throw new PartDoubtful('parts of it do not decode')
  if (unsound) throw new PartDoubtful(unsound.message, { cause: unsound })
  return { segments, ...(await judgePart(work, directory, segments)) }
}

async function encodeSegments(work: DevelopPart, directory: string, look: () => void) {
  const { source, probe, prints, part, sound, tools, signal, onProgress } = work
  const video = probe.video!
  const encoders = await encodersFor(prints, tools.ffmpeg)
  const hardware = cellOf(encoders)
  const args = partArguments({
    ...{ source, probe, prints, part, sound, directory },
    filters: await filtersOf(tools.ffmpeg),
    encoders
  })
  work.onCommand?.([tools.ffmpeg, ...args])
  const planned = part.frames ?? Math.max(1, Math.round(video.duration! * video.fps) - part.from)
  const complaints = readComplaints(probe)
  let full: ReturnType<typeof diskErrorIn>
  const encoded = await encode(args, {
    ffmpeg: tools.ffmpeg,
    cell: {
      ...hardware,
      reads: [source, ...(sound === undefined ? [] : [sound]), ...(hardware.reads ?? [])],
      writes: [directory],
      fileSize: mostBytes(probe, prints)
    },
    signal,
    stallLimit,
    mostFrames: part.frames === null ? mostFrames(video) : part.frames + 1,
    files: [],
    onProgressLine: readProgress({ duration: planned / video.fps, frames: planned }, progress => {
      onProgress(progress)
      look()
    }),
    onStderrLine: line => {
      full ??= diskErrorIn(line)
      complaints.onLine(line)
    }
  })
  if (full) throw new DiskFailed(full, encoded.stderr)
  if (encoded.exitCode === tooManyErrors) throw new PartDoubtful('parts of it do not decode')
  if (encoded.overran) throw new PartDoubtful('it has more frames than its header says')
  if (encoded.exitCode !== 0) {
    const how = encoded.signal ? `was killed by ${encoded.signal}` : `ended with code ${encoded.exitCode}`
    // Parts of two encoders cannot be joined.
    if (hardware.devices) throw new PartDoubtful(`its encoder in hardware failed: ffmpeg ${how}`)
    throw new EncodeFailed(`ffmpeg ${how} in part ${part.number}.`, encoded.stderr)
  }
  return complaints.report
}

/** Gives each segment its number and its times in the whole stream. */
function placing({ from, segment: first }: Part, fps: number) {
  const passed = new Map<string, { frames: number; packets: number }>()
  const packet = packetAt(timeOf(from, fps))

  return async (local: Segment): Promise<Segment> => {
    const { rung, number, file, tracks, runs } = local
    const before = passed.get(rung) ?? { frames: 0, packets: 0 }
    const moments = new Map<number, number>()
    const shown = runs.find(({ kind }) => kind === 'picture')
    const heard = runs.find(({ kind }) => kind === 'sound')
    const [picture, sound] = [trackOf(tracks, 'picture'), trackOf(tracks, 'sound')]
    if (!shown || !picture) throw new SegmentBroken(`segment ${number} of a part has no picture`)
    const unit = Math.round((shown.length * picture[1].timescale) / shown.samples)
    moments.set(picture[0], (from + before.frames) * unit)
    if (heard && sound) moments.set(sound[0], unitsOf(packet + before.packets))
    await retime(file, moments)
    passed.set(rung, {
      frames: before.frames + shown.samples,
      packets: before.packets + (heard?.samples ?? 0)
    })
    const duration = Math.max(shown.length, local.duration > shown.length + 0.25 ? local.duration : 0)
    return { ...local, number: number + first, duration, runs: await readSegment(file, tracks) }
  }
}

async function judgePart(
  { probe, prints, part, sound, tools, signal }: DevelopPart,
  directory: string,
  all: Segment[]
) {
  const ofFirst = all.filter(({ rung }) => rung === prints[0]!.name)
  const frames = ofFirst.reduce((sum, { runs }) => sum + runs.find(({ kind }) => kind === 'picture')!.samples, 0)
  if (frames === 0 || (part.frames !== null && frames !== part.frames)) {
    throw new PartDoubtful(`part ${part.number} has ${frames} frames and should have ${part.frames ?? 'some'}`)
  }
  if (part.segments !== null && ofFirst.length !== part.segments) {
    throw new PartDoubtful(`part ${part.number} has ${ofFirst.length} segments and should have ${part.segments}`)
  }
  const seconds = ofFirst.reduce((sum, { duration }) => sum + duration, 0)
  const made = prints.map(print => pretended(print, { frames, seconds, sound: sound !== undefined, probe }))
  const checked = async () => {
    checkStreams(all, made)
    await checkEnds(all, [], { directory, tools, signal })
  }
  await checked().catch(error => {
    signal.throwIfAborted()
    throw new PartDoubtful(`part ${part.number} failed its check: ${error.message}`, { cause: error })
  })
  const setups = await Promise.all(
    prints.map(async ({ name }) => [name, await setupIn(join(draftOf(directory, name), 'init.mp4'))] as const)
  )
  return { frames, setups: Object.fromEntries(setups) }
}

/** What the check compares a stream with: there is no file of a print yet. */
function pretended(
  { name, file, width, height, codec }: Print,
  { frames, seconds, sound }: { frames: number; seconds: number; sound: boolean; probe: Probe }
): Made {
  return {
    ...{ name, file, width, height, frames, duration: seconds, bytes: 0, bitrate: 0, codec, copied: false },
    audio_codec: sound ? 'aac' : null
  }
}

/** The decoder's settings in an init segment. What is around them has lengths and bitrates, which differ. */
async function setupIn(init: string) {
  const bytes = await readFile(init)
  const at = Math.max(...setups.map(type => bytes.indexOf(type)))
  if (at < 4) throw new EncodeFailed('The init segment of a part has no settings of a decoder.', '')
  return bytes.toString('base64', at + 4, at - 4 + bytes.readUInt32BE(at - 4))
}

/** Boxes of these settings, by codec. */
const setups = ['avcC', 'hvcC', 'vpcC', 'av1C']
