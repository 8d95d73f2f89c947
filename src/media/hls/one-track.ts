import { readFile, writeFile } from 'node:fs/promises'
import { SegmentBroken } from './boxes.ts'

/**
 * Gives the only track of an init segment the edit list of the sound in a rung. ffmpeg delays the sound of a rung by the
 * frames that are decoded before the first one is shown, and says so by that list alone; without it, players that read
 * such lists would play another track earlier than the picture.
 */
export async function takeEdits(init: string, rung: string) {
  const [own, other] = await Promise.all([readFile(init), readFile(rung)])
  const edits = soundEdits(other)
  const moov = find(own, { at: 0, end: own.length }, 'moov')
  const trak = moov && find(own, bodyOf(moov), 'trak')
  if (!edits || !moov || !trak) throw new SegmentBroken('an init segment of sound has no track')
  const before = find(own, bodyOf(trak), 'edts')
  const tkhd = find(own, bodyOf(trak), 'tkhd')!
  const place = before ?? { at: tkhd.end, end: tkhd.end }
  const changed = Buffer.concat([own.subarray(0, place.at), edits, own.subarray(place.end)])
  const more = edits.length - (place.end - place.at)
  for (const box of [moov, trak]) changed.writeUInt32BE(box.end - box.at + more, box.at)
  await writeFile(init, changed)
}

/**
 * The init segment of a rung without its sound, for players that take an audio track beside it: hls.js cannot leave out
 * what a segment carries.
 */
export async function pictureOnly(rung: string): Promise<Buffer> {
  const bytes = await readFile(rung)
  const moov = find(bytes, { at: 0, end: bytes.length }, 'moov')
  if (!moov) throw new SegmentBroken('an init segment has no header')
  const kept: Buffer[] = []
  const sounds: number[] = []
  for (const box of boxesOf(bytes, bodyOf(moov))) {
    if (box.type === 'trak' && isSound(bytes, box)) sounds.push(idOf(bytes, box))
    else if (box.type === 'mvex') kept.push(defaultsWithout(bytes, box, sounds))
    else kept.push(bytes.subarray(box.at, box.end))
  }
  return Buffer.concat([bytes.subarray(0, moov.at), boxed('moov', kept), bytes.subarray(moov.end)])
}

/** Defaults of tracks follow the tracks. */
function defaultsWithout(bytes: Buffer, mvex: Place, tracks: number[]) {
  const kept = [...boxesOf(bytes, bodyOf(mvex))].filter(
    ({ type, at }) => type !== 'trex' || !tracks.includes(bytes.readUInt32BE(at + 12))
  )
  return boxed(
    'mvex',
    kept.map(({ at, end }) => bytes.subarray(at, end))
  )
}

function boxed(type: string, bodies: Buffer[]) {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + bodies.reduce((sum, { length }) => sum + length, 0), 0)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, ...bodies])
}

/**
 * Bytes at the beginning of a segment that have its picture and none of its sound: ffmpeg writes one fragment for each
 * track, the picture first.
 */
export async function pictureBytes(segment: string, init: string): Promise<number> {
  const [bytes, header] = await Promise.all([readFile(segment), readFile(init)])
  const moov = find(header, { at: 0, end: header.length }, 'moov')
  const sounds = [...(moov ? boxesOf(header, bodyOf(moov)) : [])]
    .filter(box => box.type === 'trak' && isSound(header, box))
    .map(trak => idOf(header, trak))
  const whole = { at: 0, end: bytes.length }
  const [moof, mdat] = [find(bytes, whole, 'moof'), find(bytes, whole, 'mdat')]
  const trafs = moof ? [...boxesOf(bytes, bodyOf(moof))].filter(({ type }) => type === 'traf') : []
  const [tfhd] = trafs.flatMap(traf => find(bytes, bodyOf(traf), 'tfhd') ?? [])
  if (!mdat || trafs.length !== 1 || !tfhd || sounds.includes(bytes.readUInt32BE(tfhd.at + 12))) {
    throw new SegmentBroken('a segment does not begin with its picture alone')
  }
  return mdat.end
}

interface Place {
  at: number
  end: number
}

/** Behind size and type. */
const bodyOf = ({ at, end }: Place) => ({ at: at + 8, end })

function* boxesOf(bytes: Buffer, { at, end }: Place): Generator<Place & { type: string }> {
  while (at + 8 <= end) {
    const size = bytes.readUInt32BE(at)
    if (size < 8 || at + size > end) throw new SegmentBroken('a header of a segment is damaged')
    yield { at, end: at + size, type: bytes.toString('latin1', at + 4, at + 8) }
    at += size
  }
}

const find = (bytes: Buffer, inside: Place, type: string) => boxesOf(bytes, inside).find(box => box.type === type)

/** Of a track; its header may have long times. */
function idOf(bytes: Buffer, trak: Place) {
  const { at } = find(bytes, bodyOf(trak), 'tkhd')!
  return bytes.readUInt32BE(at + (bytes[at + 8] === 1 ? 28 : 20))
}

function isSound(bytes: Buffer, trak: Place) {
  const mdia = find(bytes, bodyOf(trak), 'mdia')
  const hdlr = mdia && find(bytes, bodyOf(mdia), 'hdlr')
  return hdlr !== undefined && bytes.toString('latin1', hdlr.at + 16, hdlr.at + 20) === 'soun'
}

/** The edit list of the sound; empty where it has none. */
function soundEdits(bytes: Buffer) {
  const moov = find(bytes, { at: 0, end: bytes.length }, 'moov')
  if (!moov) return undefined
  for (const trak of boxesOf(bytes, bodyOf(moov))) {
    if (trak.type !== 'trak' || !isSound(bytes, trak)) continue
    const edits = find(bytes, bodyOf(trak), 'edts')
    return edits ? bytes.subarray(edits.at, edits.end) : Buffer.alloc(0)
  }
  return undefined
}
