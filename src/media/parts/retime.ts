import { readFile, writeFile } from 'node:fs/promises'
import { SegmentBroken, type Tracks } from '../hls/boxes.ts'

/** Where a track goes on in the whole stream, in units of its timescale. */
export type Moments = Map<number, number>

/**
 * Writes into a segment when its tracks begin in the whole stream: ffmpeg has made it as if the film began with its
 * part. In place: the times have a width that does not change.
 */
export async function retime(file: string, moments: Moments) {
  const bytes = await readFile(file)
  let found = 0
  for (const moof of boxesIn(bytes, 0, bytes.length, 'moof')) {
    for (const traf of boxesIn(bytes, moof.from, moof.to, 'traf')) {
      const [tfhd] = boxesIn(bytes, traf.from, traf.to, 'tfhd')
      const [tfdt] = boxesIn(bytes, traf.from, traf.to, 'tfdt')
      const moment = tfhd && moments.get(bytes.readUInt32BE(tfhd.from + 4))
      if (!tfdt || moment === undefined || bytes[tfdt.from] !== 1) {
        throw new SegmentBroken('a fragment of a segment has no time that could be changed')
      }
      bytes.writeBigUInt64BE(BigInt(moment), tfdt.from + 4)
      found++
    }
  }
  // A second fragment of a track would have a time of its own; ffmpeg writes one for each segment.
  if (found === 0 || found > moments.size) throw new SegmentBroken(`a segment has ${found} fragments of tracks`)
  await writeFile(file, bytes)
}

function boxesIn(bytes: Buffer, from: number, to: number, wanted: string) {
  const found: { from: number; to: number }[] = []
  for (let at = from; at + 8 <= to; ) {
    const size = bytes.readUInt32BE(at)
    if (size < 8 || at + size > to) throw new SegmentBroken('a header of a segment is damaged')
    if (bytes.toString('latin1', at + 4, at + 8) === wanted) found.push({ from: at + 8, to: at + size })
    at += size
  }
  return found
}

/** The id of the track of a kind. */
export function trackOf(tracks: Tracks, kind: 'picture' | 'sound') {
  return [...tracks].find(([, track]) => track.kind === kind)
}
