import { availableParallelism } from 'node:os'
import type { Probe, ProbedVideo } from './ffprobe.ts'
import { isRgb, pictureGraph, soundGraph } from './filters.ts'
import { asFraction } from './frame-rate.ts'
import { guardedInput, memoryGuard } from './guards.ts'
import type { Print } from './ladder.ts'
import { capFor, profileFor, quality } from './rungs.ts'

export interface Encode {
  source: string
  probe: Probe
  prints: Print[]
  /** Where the unfinished files go. */
  directory: string
  /** Whether this ffmpeg has the filters for it. */
  canToneMap?: boolean
}

/** Left to itself each x264 takes one and a half threads a core, and three of them spend their time waiting for each other. */
const threads = Math.min(availableParallelism(), 8)

/** Seconds between keyframes, at the same moments in every print, so that segments can be cut without encoding again. */
const keyframes = 4

/** While it is being written; a reader that sees the final name sees a complete, checked file. */
export const unfinished = (file: string) => file.replace(/\.(\w+)$/, '.part.$1')

/** One process, one decode, all prints. Ready to be run by hand, too. */
export function encodeArguments({ source, probe, prints, directory, canToneMap = true }: Encode) {
  const { video, audio } = probe
  const graph = [
    ...(video ? [pictureGraph(video, prints, canToneMap)] : []),
    ...(audio ? [soundGraph(audio, prints.length)] : [])
  ]
  return [
    ...['-nostdin', '-hide_banner', '-y', '-nostats', '-progress', 'pipe:1', '-stats_period', '0.5'],
    // The summary of packets read and frames decoded is a message of this level.
    ...['-loglevel', 'verbose'],
    ...memoryGuard,
    ...['-threads', String(threads)],
    ...(video?.odd_rotation ? ['-noautorotate'] : []),
    ...guardedInput(source),
    ...['-filter_complex', graph.join(';')],
    ...prints.flatMap((print, at) => [
      ...(video ? ['-map', `[v${at}]`, ...pictureOptions(print, video, canToneMap)] : []),
      ...(audio ? ['-map', `[a${at}]`, '-c:a', 'aac', '-b:a', audio.channels === 1 ? '64k' : '128k'] : []),
      // Nothing of the source but picture and sound: its metadata says where the uploader lives.
      ...['-dn', '-sn', '-map_metadata', '-1', '-map_chapters', '-1'],
      ...['-max_muxing_queue_size', '4096', '-movflags', '+faststart', '-f', video ? 'mp4' : 'ipod'],
      `file:${directory}/${unfinished(print.file)}`
    ])
  ]
}

function pictureOptions({ width, height }: Print, video: ProbedVideo, canToneMap: boolean) {
  const size = { width: width!, height: height! }
  const cap = capFor(size, video)
  return [
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', profileFor(size), '-pix_fmt', 'yuv420p'],
    ...['-crf', String(quality), '-maxrate', String(cap), '-bufsize', String(2 * cap), '-threads:v', String(threads)],
    ...['-fps_mode', 'cfr', '-r', asFraction(video.fps)],
    ...['-g', String(Math.max(1, Math.ceil(video.fps * keyframes))), '-sc_threshold', '0'],
    ...['-force_key_frames', `expr:gte(t,n_forced*${keyframes})`],
    ...((video.hdr && canToneMap) || isRgb(video) ? bt709 : []),
    ...(video.full_range ? ['-color_range', 'tv'] : [])
  ]
}

const bt709 = ['-color_primaries', 'bt709', '-color_trc', 'bt709', '-colorspace', 'bt709', '-color_range', 'tv']
