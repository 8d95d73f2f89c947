import { type FileHandle, open } from 'node:fs/promises'
import { codecOfPicture } from './codec-name.ts'

/** More than any header of ours: the index of a segment of ten seconds takes some 20 KB. */
const largestHeader = 8 * 1024 * 1024

export interface Track {
  kind: 'picture' | 'sound'
  timescale: number
  /** As in the CODECS of a playlist; null where this file does not know how to name it. */
  codec: string | null
  /** For samples whose fragment says nothing. */
  defaults: { duration: number; size: number; flags: number }
}

export type Tracks = Map<number, Track>

/** What one track has in a segment. Times in seconds. */
export interface Run {
  kind: Track['kind']
  samples: number
  /** Of the first sample, in presentation and in decoding order. */
  start: number
  decodeStart: number
  length: number
  startsWithKeyframe: boolean
}

/** What a player cuts by: the picture, or the sound where there is none. */
export function mainOf(runs: Run[]): Run {
  return runs.find(({ kind }) => kind === 'picture') ?? runs[0]!
}

interface Box {
  type: string
  /** What follows size and type. */
  body: Buffer
}

/** A file that is no segment, or no whole one. */
export class SegmentBroken extends Error {
  override name = 'SegmentBroken'
}

/** The tracks that the init segment of a stream announces. Throws where it is not one. */
export async function readInit(file: string): Promise<Tracks> {
  const [moov] = (await headersOf(file)).filter(({ type }) => type === 'moov')
  if (!moov) throw new SegmentBroken('its init segment has no header')
  const boxes = boxesIn(moov.body)
  const tracks: Tracks = new Map()
  for (const { body } of boxes.filter(({ type }) => type === 'trak')) {
    const [id, track] = trackIn(body)
    tracks.set(id, track)
  }
  for (const { body } of boxesIn(childOf(boxes, 'mvex')).filter(({ type }) => type === 'trex')) {
    const track = tracks.get(body.readUInt32BE(4))
    if (!track) continue
    track.defaults = { duration: body.readUInt32BE(12), size: body.readUInt32BE(16), flags: body.readUInt32BE(20) }
  }
  if (tracks.size === 0) throw new SegmentBroken('its init segment has no tracks')
  return tracks
}

/** What is in a segment, from its headers alone. Throws where they do not fit the file. */
export async function readSegment(file: string, tracks: Tracks): Promise<Run[]> {
  const runs: Run[] = []
  let promised = 0
  let there = 0
  for (const { type, body, bytes } of await headersOf(file)) {
    if (type === 'mdat') there += bytes - 8
    if (type !== 'moof') continue
    for (const { body: traf } of boxesIn(body).filter(({ type }) => type === 'traf')) {
      const { run, size } = runIn(traf, tracks)
      promised += size
      if (run) merge(runs, run)
    }
  }
  if (runs.length === 0) throw new SegmentBroken('a segment is empty')
  if (promised !== there) throw new SegmentBroken(`a segment has ${there} bytes of media and promises ${promised}`)
  return runs
}

/** A segment may come in several fragments. */
function merge(runs: Run[], run: Run) {
  const before = runs.find(({ kind }) => kind === run.kind)
  if (!before) {
    runs.push(run)
    return
  }
  before.samples += run.samples
  before.length += run.length
}

/** The boxes of a file: bodies of those that are headers, sizes of all. */
async function headersOf(file: string): Promise<(Box & { bytes: number })[]> {
  await using handle = await open(file)
  const { size } = await handle.stat()
  const boxes: (Box & { bytes: number })[] = []
  for (let at = 0; at < size; ) {
    const head = await read(handle, at, 8)
    const bytes = head.readUInt32BE(0)
    const type = head.toString('latin1', 4, 8)
    if (bytes < 8 || at + bytes > size) throw new SegmentBroken('a segment is cut off')
    const isHeader = type === 'moov' || type === 'moof'
    if (isHeader && bytes > largestHeader) throw new SegmentBroken('a segment has too large a header')
    boxes.push({ type, bytes, body: isHeader ? await read(handle, at + 8, bytes - 8) : Buffer.alloc(0) })
    at += bytes
  }
  return boxes
}

async function read(handle: FileHandle, position: number, length: number) {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, position)
  if (bytesRead !== length) throw new SegmentBroken('a segment is cut off')
  return buffer
}

function boxesIn(body: Buffer): Box[] {
  const boxes: Box[] = []
  for (let at = 0; at + 8 <= body.length; ) {
    const bytes = body.readUInt32BE(at)
    if (bytes < 8 || at + bytes > body.length) throw new SegmentBroken('a header of a segment is damaged')
    boxes.push({ type: body.toString('latin1', at + 4, at + 8), body: body.subarray(at + 8, at + bytes) })
    at += bytes
  }
  return boxes
}

function childOf(boxes: Box[], type: string): Buffer {
  const found = boxes.find(box => box.type === type)
  if (!found) throw new SegmentBroken(`a header of a segment has no ${type}`)
  return found.body
}

function trackIn(trak: Buffer): [number, Track] {
  const boxes = boxesIn(trak)
  const tkhd = childOf(boxes, 'tkhd')
  const id = tkhd.readUInt32BE(tkhd[0] === 1 ? 20 : 12)
  const mdia = boxesIn(childOf(boxes, 'mdia'))
  const mdhd = childOf(mdia, 'mdhd')
  const kind = childOf(mdia, 'hdlr').toString('latin1', 8, 12) === 'vide' ? 'picture' : 'sound'
  const stsd = childOf(boxesIn(childOf(boxesIn(childOf(mdia, 'minf')), 'stbl')), 'stsd')
  return [
    id,
    {
      kind,
      timescale: mdhd.readUInt32BE(mdhd[0] === 1 ? 20 : 12),
      codec: codecIn(stsd.subarray(8)),
      defaults: { duration: 0, size: 0, flags: 0 }
    }
  ]
}

function codecIn(entries: Buffer) {
  const [entry] = boxesIn(entries)
  if (entry?.type === 'mp4a') return 'mp4a.40.2'
  // 78 bytes of sizes and names come before the boxes of a picture's entry.
  return entry ? codecOfPicture(entry.type, boxesIn(entry.body.subarray(78))) : null
}

const isNoKeyframe = 0x10000

function runIn(traf: Buffer, tracks: Tracks): { run: Run | undefined; size: number } {
  const boxes = boxesIn(traf)
  const tfhd = childOf(boxes, 'tfhd')
  const track = tracks.get(tfhd.readUInt32BE(4))
  if (!track) throw new SegmentBroken('a segment has a track that its init segment lacks')
  const tfdt = childOf(boxes, 'tfdt')
  const base = tfdt[0] === 1 ? Number(tfdt.readBigUInt64BE(4)) : tfdt.readUInt32BE(4)
  const defaults = defaultsIn(tfhd, track)

  let [samples, length, size] = [0, 0, 0]
  let first: { offset: number; flags: number } | undefined
  for (const { body } of boxes.filter(({ type }) => type === 'trun')) {
    for (const sample of samplesIn(body, defaults)) {
      first ??= sample
      samples++
      length += sample.duration
      size += sample.size
    }
  }
  if (!first) return { run: undefined, size }
  const seconds = (units: number) => units / track.timescale
  const run = {
    kind: track.kind,
    samples,
    start: seconds(base + first.offset),
    decodeStart: seconds(base),
    length: seconds(length),
    startsWithKeyframe: (first.flags & isNoKeyframe) === 0
  }
  return { run, size }
}

function defaultsIn(tfhd: Buffer, { defaults }: Track) {
  const has = tfhd.readUInt32BE(0)
  const next = numbersIn(tfhd, 8 + (has & 0x1 ? 8 : 0) + (has & 0x2 ? 4 : 0))
  return {
    duration: has & 0x8 ? next() : defaults.duration,
    size: has & 0x10 ? next() : defaults.size,
    flags: has & 0x20 ? next() : defaults.flags
  }
}

function* samplesIn(trun: Buffer, defaults: Track['defaults']) {
  const has = trun.readUInt32BE(0)
  const count = trun.readUInt32BE(4)
  const next = numbersIn(trun, 8 + (has & 0x1 ? 4 : 0))
  const firstFlags = has & 0x4 ? next() : undefined
  for (let index = 0; index < count; index++) {
    const duration = has & 0x100 ? next() : defaults.duration
    const size = has & 0x200 ? next() : defaults.size
    const own = has & 0x400 ? next() : defaults.flags
    // Signed, as ffmpeg writes it where frames are shown before they are decoded.
    const offset = has & 0x800 ? next() | 0 : 0
    yield { duration, size, offset, flags: index === 0 && firstFlags !== undefined ? firstFlags : own }
  }
}

function numbersIn(body: Buffer, from: number) {
  let at = from
  return () => {
    at += 4
    return body.readUInt32BE(at - 4)
  }
}
