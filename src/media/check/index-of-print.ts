import { type FileHandle, open } from 'node:fs/promises'
import type { Span } from './times.ts'

/** What the index (moov) of an MP4 says of one of its tracks. */
export interface PrintTrack {
  kind: 'picture' | 'sound' | 'other'
  /** As ffmpeg names it; undefined where no print of ours has it. */
  codec: string | undefined
  /** Coded pixels, and those that are shown. */
  size: { width: number; height: number }
  shown: { width: number; height: number }
  /** Shown as it is coded: without a rotation, and with square pixels. */
  plain: boolean
  samples: number
  span: Span
}

export interface PrintIndex {
  /** Seconds. */
  duration: number
  tracks: PrintTrack[]
}

/** Where a box has its content. */
interface Box {
  type: string
  from: number
  to: number
}

const codecs: Record<string, string> = { avc1: 'h264', hvc1: 'hevc', vp09: 'vp9', av01: 'av1', mp4a: 'aac' }

/** A box has at most as many others as this in it; damage looks like more. */
const mostBoxes = 256

/** Bytes of a box that are read; tables of all samples are longer, and only their beginning counts. */
const mostBytes = 64 * 1024

class Damaged extends Error {
  constructor() {
    super('its index (moov) is damaged')
  }
}

/**
 * Reads the index of a print without starting a program for it. Of the tables that grow with the film only the beginnings
 * are read. Throws where the boxes do not fit into each other.
 */
export async function readIndex(file: string): Promise<PrintIndex> {
  await using handle = await open(file)
  const { size } = await handle.stat()
  const moov = named(await boxesIn(handle, { type: '', from: 0, to: size }), 'moov')
  const boxes = await boxesIn(handle, moov)
  const mvhd = await read(handle, named(boxes, 'mvhd'))
  const movie = lengthIn(mvhd)
  const tracks: PrintTrack[] = []
  for (const trak of boxes.filter(({ type }) => type === 'trak')) {
    tracks.push(await readTrack(handle, trak, movie.timescale))
  }
  return { duration: movie.seconds, tracks }
}

async function readTrack(handle: FileHandle, trak: Box, movieScale: number): Promise<PrintTrack> {
  const boxes = await boxesIn(handle, trak)
  const media = await boxesIn(handle, named(boxes, 'mdia'))
  const table = await boxesIn(handle, named(await boxesIn(handle, named(media, 'minf')), 'stbl'))
  const tkhd = await read(handle, named(boxes, 'tkhd'))
  const length = lengthIn(await read(handle, named(media, 'mdhd')))
  const handler = (await read(handle, named(media, 'hdlr'))).toString('latin1', 8, 12)
  const kind = handler === 'vide' ? 'picture' : handler === 'soun' ? 'sound' : 'other'
  const ctts = table.find(({ type }) => type === 'ctts')
  const composed = ctts ? at(await read(handle, ctts), 12, 'readInt32BE') : 0
  const edits = boxes.find(({ type }) => type === 'edts')
  const elst = edits && named(await boxesIn(handle, edits), 'elst')
  const span = elst
    ? spanIn(await read(handle, elst), { movieScale, timescale: length.timescale, composed })
    : { start: composed / length.timescale, end: composed / length.timescale + length.seconds }
  return {
    kind,
    ...(await entryIn(handle, named(table, 'stsd'), kind, tkhd)),
    samples: at(await read(handle, named(table, 'stsz')), 8, 'readUInt32BE'),
    span
  }
}

/** Of `mvhd` and `mdhd` alike. */
function lengthIn(header: Buffer) {
  const long = header[0] === 1
  const timescale = at(header, long ? 20 : 12, 'readUInt32BE')
  if (timescale === 0) throw new Damaged()
  const units = long ? Number(at(header, 24, 'readBigUInt64BE')) : at(header, 16, 'readUInt32BE')
  return { timescale, seconds: units / timescale }
}

interface Scales {
  movieScale: number
  timescale: number
  /** Units by which the first sample is shown after it is decoded. */
  composed: number
}

/** When a track is shown: empty edits delay it, and an edit begins in the middle of its media. */
function spanIn(elst: Buffer, { movieScale, timescale, composed }: Scales): Span {
  const long = elst[0] === 1
  const [count, bytes] = [at(elst, 4, 'readUInt32BE'), long ? 20 : 12]
  let [start, end] = [0, 0]
  let isEmpty = true
  for (let edit = 0; edit < Math.min(count, mostBoxes); edit++) {
    const from = 8 + edit * bytes
    const units = long ? Number(at(elst, from, 'readBigUInt64BE')) : at(elst, from, 'readUInt32BE')
    const media = long ? Number(at(elst, from + 8, 'readBigInt64BE')) : at(elst, from + 4, 'readInt32BE')
    if (media >= 0 && isEmpty) {
      start = end + Math.max(0, composed - media) / timescale
      isEmpty = false
    }
    end += units / movieScale
  }
  return { start, end }
}

async function entryIn(handle: FileHandle, stsd: Box, kind: PrintTrack['kind'], tkhd: Buffer) {
  const [entry] = await boxesIn(handle, { ...stsd, from: stsd.from + 8 })
  if (!entry) throw new Damaged()
  const codec = codecs[entry.type]
  const nothing = { width: 0, height: 0 }
  if (kind !== 'picture') return { codec, size: nothing, shown: nothing, plain: true }
  const head = await read(handle, entry)
  const size = { width: at(head, 24, 'readUInt16BE'), height: at(head, 26, 'readUInt16BE') }
  const matrixAt = tkhd[0] === 1 ? 52 : 40
  const shown = {
    width: at(tkhd, matrixAt + 36, 'readUInt32BE') / 65536,
    height: at(tkhd, matrixAt + 40, 'readUInt32BE') / 65536
  }
  // 78 bytes of sizes and names come before the boxes of a picture's entry.
  const pasp = (await boxesIn(handle, { ...entry, from: entry.from + 78 })).find(({ type }) => type === 'pasp')
  const aspect = pasp && (await read(handle, pasp))
  const isSquare = !aspect || at(aspect, 0, 'readUInt32BE') === at(aspect, 4, 'readUInt32BE')
  const matrix = Array.from({ length: 9 }, (_, cell) => at(tkhd, matrixAt + 4 * cell, 'readInt32BE'))
  return { codec, size, shown, plain: isSquare && matrix.join() === upright.join() }
}

const upright = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000]

async function boxesIn(handle: FileHandle, { from, to }: Box): Promise<Box[]> {
  const boxes: Box[] = []
  const head = Buffer.alloc(16)
  for (let begin = from; begin + 8 <= to; ) {
    const { bytesRead } = await handle.read(head, 0, 16, begin)
    const short = bytesRead < 8 ? 0 : head.readUInt32BE(0)
    // A size of 1 stands for one of 64 bits: media of more than 4 GiB.
    const isLong = short === 1 && bytesRead === 16
    const bytes = isLong ? Number(head.readBigUInt64BE(8)) : short
    if (bytes < 8 || begin + bytes > to || boxes.length === mostBoxes) throw new Damaged()
    boxes.push({ type: head.toString('latin1', 4, 8), from: begin + (isLong ? 16 : 8), to: begin + bytes })
    begin += bytes
  }
  return boxes
}

function named(boxes: Box[], type: string): Box {
  const found = boxes.find(box => box.type === type)
  if (!found) throw new Damaged()
  return found
}

async function read(handle: FileHandle, { from, to }: Box) {
  const buffer = Buffer.alloc(Math.min(to - from, mostBytes))
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, from)
  if (bytesRead !== buffer.length) throw new Damaged()
  return buffer
}

type Reading = 'readUInt16BE' | 'readUInt32BE' | 'readInt32BE' | 'readBigUInt64BE' | 'readBigInt64BE'

function at<Of extends Reading>(buffer: Buffer, place: number, reading: Of): ReturnType<Buffer[Of]> {
  try {
    return buffer[reading](place) as ReturnType<Buffer[Of]>
  } catch {
    throw new Damaged()
  }
}
