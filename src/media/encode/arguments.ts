import path from 'node:path'
import { guardedInput, memoryGuard } from '../guards.ts'
import { draftOf, draftPlaylist } from '../hls/segments.ts'
import { tracksBeside } from '../plan/audio-tracks.ts'
import type { Print } from '../plan/print.ts'
import { capFor } from '../plan/rungs.ts'
import { asFraction } from '../probe/frame-rate.ts'
import type { Probe, ProbedAudio, ProbedVideo } from '../probe/probed.ts'
import { encoderOptions, usualEncoders } from './encoders.ts'
import { isRgb, pictureGraph, soundGraph } from './filters.ts'
import type { Filters } from './filters-of.ts'
import { type Encoders, wayInto } from './hardware.ts'
import { furtherGraphs, type Sounds, soundStreams } from './sound.ts'
import { threads } from './threads.ts'

export interface Encode {
  source: string
  probe: Probe
  prints: Print[]
  /** Output folder of the unfinished files. */
  directory: string
  /** Whether segments begin at keyframes of the source; so they do beside a print that is copied. */
  likeSource?: boolean
  /** Of this ffmpeg. */
  filters?: Filters
  /** Of this ffmpeg, for the codecs of the prints. */
  encoders?: Encoders
  /** Whether audio tracks beside the default one get streams of their own: not where they have them. */
  hasTracks?: boolean
}

/** Seconds between keyframes, at the same times in every print: a player changes between the rungs at each of them. */
const apart = 4

/**
 * Times of the keyframes: 0, 1, 2, 4, 8, 12 … Each begins a segment, so the first ones are short: a film can be played
 * when its first segment is there, and two cores need longer than that for four seconds of three rungs.
 */
export const keyframeTimes = `expr:gte(t,if(lt(n_forced,3),n_forced,(n_forced-2)*${apart}))`

/** Seconds. Beside a copied print, segments begin at keyframes of the source. */
const longest = 6

/** The first keyframe of the source at or after each multiple of four seconds, where a copied print is cut, too. */
function sourceKeyframes({ group, fps }: ProbedVideo) {
  const own = group! / fps
  return `expr:gte(t,ceil(n_forced*${apart}/${own}-0.001)*${own}-${0.5 / fps})`
}

/** Name of a file during the encode: under the final name, a reader sees only complete, checked files. */
export const unfinished = (file: string) => file.replace(/\.(\w+)$/, '.part.$1')

/** One process, one decode, all prints, the audio encoded once. The arguments also work on a command line. */
export function encodeArguments({
  source,
  probe,
  prints: all,
  directory,
  likeSource = false,
  filters = { zscale: false, toneMap: true },
  encoders = usualEncoders,
  hasTracks = false
}: Encode) {
  const { video, audio } = probe
  // Progress counts the frames of the first stream: one that is copied runs ahead.
  const prints = all.toSorted((one, other) => Number(one.copied) - Number(other.copied))
  const keyframes =
    video && (likeSource || prints.some(({ copied }) => copied)) ? sourceKeyframes(video) : keyframeTimes
  const { opening, ending } = wayInto(encoders[prints[0]!.codec])
  const picture = video ? [pictureGraph(video, prints, { filters, ending })] : []
  const graph = [...picture, ...(audio ? [soundGraph(audio)] : [])]
  return [
    ...['-nostdin', '-hide_banner', '-y', '-nostats', '-progress', 'pipe:1', '-stats_period', '0.5'],
    // The summaries of packets, frames and repeats are logged at this level.
    ...['-loglevel', 'level+verbose'],
    ...memoryGuard,
    ...['-threads', String(threads())],
    ...opening,
    ...(video?.odd_rotation ? ['-noautorotate'] : []),
    ...guardedInput(source),
    ...['-filter_complex', graph.join(';')],
    ...furtherGraphs(probe),
    ...(video ? pictureStreams(prints, { video, filters, keyframes, encoders }) : []),
    ...soundStreams(probe),
    // Only video and audio of the source: its metadata holds the place of the recording.
    ...['-dn', '-sn', '-map_metadata', '-1', '-map_chapters', '-1'],
    ...['-max_muxing_queue_size', '4096', '-flags', '+global_header'],
    ...(video ? pictureOutputs(prints, directory, probe, hasTracks) : soundOutputs(prints[0]!, directory, probe))
  ]
}

export function pictureStreams(prints: Print[], picture: Picture) {
  return prints.flatMap((print, at) =>
    print.copied ? ['-map', `0:${picture.video.index}`, `-c:v:${at}`, 'copy'] : pictureOptions(at, print, picture)
  )
}

interface Picture {
  video: ProbedVideo
  filters: Filters
  /** When keyframes are due. */
  keyframes: string
  encoders: Encoders
}

function pictureOptions(at: number, print: Print, { video, filters, keyframes: due, encoders }: Picture) {
  const { profile, codec } = print
  const size = { width: print.width!, height: print.height! }
  const toBt709 = (video.hdr && filters.toneMap) || isRgb(video)
  const { pix_fmt = 'yuv420p', ...own } = encoderOptions(encoders[codec]!, {
    print: { ...size, profile },
    cap: capFor({ ...size, codec }, video)
  })
  const options = {
    ...own,
    r: asFraction(video.fps),
    fps_mode: 'cfr',
    pix_fmt,
    g: Math.max(1, Math.ceil(video.fps * longest)),
    force_key_frames: due,
    ...(toBt709 && { color_primaries: 'bt709', color_trc: 'bt709', colorspace: 'bt709' }),
    ...((toBt709 || video.full_range) && { color_range: 'tv' })
  }
  return [
    '-map',
    `[v${at}]`,
    ...Object.entries(options).flatMap(([name, value]) => [`-${name}:v:${at}`, String(value)])
  ]
}

/**
 * Each print is written twice from the same encode: as one file, whose index goes to the front, and as segments. All of
 * it goes through one tee, with one encode of the sound: one per print took 3 to 10 % more time.
 */
function pictureOutputs(prints: Print[], directory: string, { audio, further }: Sounds, hasTracks: boolean) {
  const [all, one] = audio ? [',a', further.length > 0 ? ',a:0' : ',a'] : ['', '']
  const fragments = further.length > 0 ? `:${apartInside}` : ''
  return tee([
    ...prints.flatMap(({ name, file, copied }, at): Slave[] => [
      [`f=mp4:movflags=+faststart:${only(`v:${at}${all}`)}`, path.join(directory, unfinished(file))],
      [
        `f=hls:hls_time=${copied ? apart : 1}:${segmentOptions}${fragments}:${only(`v:${at}${one}`)}`,
        path.join(draftOf(directory, name), draftPlaylist)
      ]
    ]),
    ...(hasTracks ? [] : trackOutputs(further, directory))
  ])
}

/** Sound can be cut anywhere, and four seconds of it are encoded in an instant. */
function soundOutputs({ name, file }: Print, directory: string, { further }: Sounds) {
  const own = further.length > 0 ? `:${only('a:0')}` : ''
  return tee([
    [`f=ipod:movflags=+faststart`, path.join(directory, unfinished(file))],
    [`f=hls:hls_time=${apart}:${segmentOptions}${own}`, path.join(draftOf(directory, name), draftPlaylist)],
    ...trackOutputs(further, directory)
  ])
}

/** Where there are several tracks, each has a stream of its own, also the default one, which the rungs carry. */
export function trackOutputs(further: ProbedAudio[], directory: string) {
  return tracksBeside(further).map(
    (name, at): Slave => [
      `f=hls:hls_time=${apart}:${segmentOptions}:${only(`a:${at}`)}`,
      path.join(draftOf(directory, name), draftPlaylist)
    ]
  )
}

type Slave = [options: string, file: string]

const only = (streams: string) => `select=\\'${streams}\\'`

export function tee(slaves: Slave[]) {
  return ['-f', 'tee', slaves.map(([options, file]) => `[${options}]file:${escaped(file)}`).join('|')]
}

/** Cuts at every keyframe that we make: none is less than a second after another; a source may have more of them. `temp_file`: a segment has its name when complete. */
export const segmentOptions = [
  'hls_segment_type=fmp4',
  'hls_playlist_type=event',
  'hls_flags=temp_file+independent_segments'
].join(':')

/** Picture and sound of a segment in fragments of their own: players that take another track leave the second one out. */
export const apartInside = 'hls_segment_options=movflags=+separate_moof'

/** Our file names need no escapes, but the operator chose the directory. */
export const escaped = (file: string) => file.replace(/[\\'|\s]/g, '\\$&')
