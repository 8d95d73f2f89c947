import { resolve } from 'node:path'
import { decoders, demuxers } from './codecs.ts'

/** A little over 8192x4320, the largest frames of cameras. Beyond that, one frame alone fills memory. */
export const maxPixels = 36_000_000

/**
 * Limit of one allocation, not of the sum: the planes of a 36-megapixel frame at 16 bits fit, the index of a bomb does
 * not.
 */
const maxAllocation = 512 * 1024 * 1024

/** Phones write up to ten tracks, broadcast MXF some twenty. */
export const maxStreams = 64

export const memoryGuard = ['-max_alloc', String(maxAllocation)]

/**
 * All arguments before a source, for ffprobe and ffmpeg alike. The protocol list alone does not keep a playlist from
 * naming a neighbouring file; the list of formats does. `file:` keeps a path from being read as an option or as another
 * protocol.
 */
export function guardedInput(source: string, codecs = decoders) {
  return [
    ...['-protocol_whitelist', 'file'],
    ...['-format_whitelist', demuxers.join(',')],
    ...['-codec_whitelist', codecs.join(',')],
    ...['-max_streams', String(maxStreams)],
    ...['-max_pixels', String(maxPixels)],
    ...['-i', `file:${resolve(source)}`]
  ]
}
