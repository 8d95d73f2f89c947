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

/** The edit list of the sound; empty where it has none. */
function soundEdits(bytes: Buffer) {
  const moov = find(bytes, { at: 0, end: bytes.length }, 'moov')
  if (!moov) return undefined
  for (const trak of boxesOf(bytes, bodyOf(moov))) {
    if (trak.type !== 'trak') continue
    const mdia = find(bytes, bodyOf(trak), 'mdia')
    const hdlr = mdia && find(bytes, bodyOf(mdia), 'hdlr')
    if (!hdlr || bytes.toString('latin1', hdlr.at + 16, hdlr.at + 20) !== 'soun') continue
    const edits = find(bytes, bodyOf(trak), 'edts')
    return edits ? bytes.subarray(edits.at, edits.end) : Buffer.alloc(0)
  }
  return undefined
}
