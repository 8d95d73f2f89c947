import path from 'node:path'
import { apartInside, escaped, keyframeTimes, pictureStreams, segmentOptions } from '../encode/arguments.ts'
import { pictureGraph } from '../encode/filters.ts'
import type { Filters } from '../encode/filters-of.ts'
import { type Encoders, wayInto } from '../encode/hardware.ts'
import { threads } from '../encode/threads.ts'
import { guardedInput, memoryGuard } from '../guards.ts'
import { draftOf, draftPlaylist } from '../hls/segments.ts'
import type { Print } from '../plan/print.ts'
import type { Probe } from '../probe/probed.ts'
import { onlyPackets, packetAt } from './sound.ts'
import { keyframesFrom, type Part, timeOf } from './split.ts'

export interface EncodePart {
  source: string
  probe: Probe
  prints: Print[]
  part: Part
  /** A file with the encoded sound of the film as far as this part goes; undefined where there is none. */
  sound: string | undefined
  directory: string
  filters: Filters
  encoders: Encoders
}

/**
 * Seconds that are decoded before a part begins: the constant rate and the deinterlacer need the frames before the first
 * one to do what they do in a single run.
 */
const before = 1

/**
 * One decode of a part for all prints, as segments alone: the files of the prints are joined from these. Its sound is
 * copied packet by packet, so nothing of it is heard twice or missing.
 */
export function partArguments({ source, probe, prints, part, sound, directory, filters, encoders }: EncodePart) {
  const video = probe.video!
  const { from, frames } = part
  const lead = Math.min(from, Math.ceil(before * video.fps))
  const seek = timeOf(from - lead, video.fps)
  const { opening, ending } = wayInto(encoders[prints[0]!.codec])
  const fragments = probe.further.length > 0 ? `:${apartInside}` : ''
  return [
    ...['-nostdin', '-hide_banner', '-y', '-nostats', '-progress', 'pipe:1', '-stats_period', '0.5'],
    ...['-loglevel', 'level+verbose', ...memoryGuard, '-threads', String(threads())],
    ...opening,
    ...(video.odd_rotation ? ['-noautorotate'] : []),
    // Rounded down: the frame itself must not count as before the place.
    ...(seek > 0 ? ['-ss', (Math.floor(seek * 1e6) / 1e6).toFixed(6)] : []),
    ...guardedInput(source),
    ...(sound === undefined ? [] : [...soundOf(part, video.fps), ...guardedInput(sound)]),
    ...['-filter_complex', pictureGraph(video, prints, { filters, ending, cut: cut(lead, frames) })],
    ...pictureStreams(prints, {
      video,
      filters,
      encoders,
      keyframes: keyframesFrom(part, video.fps) ?? keyframeTimes
    }),
    ...(sound === undefined ? [] : ['-map', '1:a:0', '-c:a', 'copy']),
    ...['-dn', '-sn', '-map_metadata', '-1', '-map_chapters', '-1'],
    ...['-max_muxing_queue_size', '4096', '-flags', '+global_header'],
    ...[
      '-f',
      'tee',
      prints.map((print, at) => slave(print, at, { directory, sound: sound !== undefined, fragments })).join('|')
    ]
  ]
}

/** By the number of the frame: the filter for the constant rate counts from where ffmpeg has sought to. */
function cut(lead: number, frames: number | null) {
  if (lead === 0 && frames === null) return []
  const end = frames === null ? '' : `:end_pts=${lead + frames}`
  return [`trim=start_pts=${lead}${end}`, ...(lead > 0 ? [`setpts=PTS-${lead}`] : [])]
}

function soundOf({ from, frames }: Part, fps: number) {
  const first = packetAt(timeOf(from, fps))
  return onlyPackets(first, frames === null ? undefined : packetAt(timeOf(from + frames, fps)) - first)
}

interface Slave {
  directory: string
  sound: boolean
  fragments: string
}

function slave({ name }: Print, at: number, { directory, sound, fragments }: Slave) {
  const select = `select=\\'${sound ? `v:${at},a` : `v:${at}`}\\'`
  const file = escaped(path.join(draftOf(directory, name), draftPlaylist))
  return `[f=hls:hls_time=1:${segmentOptions}${fragments}:${select}]file:${file}`
}
