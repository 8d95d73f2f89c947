import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { MediaTools } from '../binaries.ts'
import { unfinished } from '../encode/arguments.ts'
import { guardedInput } from '../guards.ts'
import type { Print } from '../plan/ladder.ts'
import type { Probe } from '../probe/probed.ts'
import type { RawStream } from '../probe/streams.ts'
import { run } from '../run.ts'
import { tracksProblem } from './audio-tracks.ts'
import { layoutProblem } from './layout.ts'
import { type Span, type Timed, timesProblem } from './times.ts'

export interface Made {
  name: string
  file: string
  width: number | null
  height: number | null
  /** Seconds really present: for a truncated source less than it claims. */
  duration: number
  bytes: number
  bitrate: number
  codec: string
  audio_codec: string | null
  frames: number | null
  /** The picture is that of the source, not encoded again. */
  copied: boolean
}

interface Where {
  probe: Probe
  directory: string
  tools: MediaTools
  signal?: AbortSignal | undefined
}

export interface Verified extends Timed {
  made: Made
}

/** Seconds for the check of one finished print. */
const timeout = 30

/** Opens a print as a player does, and returns its measured properties rather than the requested ones. */
export async function verify(print: Print, { probe, directory, tools, signal }: Where): Promise<Verified> {
  const path = join(directory, unfinished(print.file))
  const refuse = (why: string) => new Error(`The print ${print.name} failed its check: ${why}`)

  const { size: bytes } = await stat(path).catch(() => ({ size: 0 }))
  if (bytes === 0) throw refuse('its file is missing or empty')
  const layout = await layoutProblem(path)
  if (layout) throw refuse(layout)
  const { exitCode, stdout } = await run(
    tools.ffprobe,
    ['-v', 'error', '-show_streams', '-show_entries', 'format=duration', '-of', 'json', ...guardedInput(path)],
    { signal, timeout, reads: [path] }
  )
  if (exitCode !== 0) throw refuse('ffprobe cannot read it')

  const { streams, format } = JSON.parse(stdout) as { streams: RawStream[]; format: { duration?: string } }
  const video = streams.find(({ codec_type }) => codec_type === 'video')
  const audio = streams.find(({ codec_type }) => codec_type === 'audio')
  const frames = video ? Number(video.nb_frames) : null
  const [picture, sound] = [video, audio].map(spanOf)
  // Further audio tracks may go on for longer; what plays is over then.
  const duration = probe.further.length > 0 ? Math.max(picture?.end ?? 0, sound?.end ?? 0) : Number(format.duration)
  const problem =
    streamsProblem(streams, probe) ??
    (duration > 0 ? undefined : 'its duration is zero') ??
    (video && pictureProblem(video, print)) ??
    timesProblem({ picture, sound, frames }, probe)
  if (problem) throw refuse(problem)

  const made = {
    name: print.name,
    file: print.file,
    width: print.width,
    height: print.height,
    duration,
    bytes,
    bitrate: Math.round((bytes * 8) / duration),
    codec: (video ?? audio)!.codec_name!,
    audio_codec: audio?.codec_name ?? null,
    frames,
    copied: print.copied
  }
  return { made, picture, sound }
}

function streamsProblem(streams: RawStream[], probe: Probe) {
  const [videos, audios] = ['video', 'audio'].map(
    type => streams.filter(({ codec_type }) => codec_type === type).length
  ) as [number, number]
  if (videos > 0 !== Boolean(probe.video))
    return videos > 0 ? 'it has an unexpected video stream' : 'it has no video stream'
  if (audios > 0 !== Boolean(probe.audio))
    return audios > 0 ? 'it has an unexpected audio stream' : 'it has no audio stream'
  if (videos + audios !== streams.length || videos > 1) return 'it has more than one video stream, or a foreign one'
  return tracksProblem(streams, probe)
}

function pictureProblem(video: RawStream, { width, height, codec }: Print) {
  if (video.width !== width || video.height !== height) return `${video.width}x${video.height}`
  if (width % 2 !== 0 || height! % 2 !== 0) return `a side of ${width}x${height} is odd`
  if (video.codec_name !== codec || video.pix_fmt !== 'yuv420p') return `${video.codec_name} ${video.pix_fmt}`
  if (!['1:1', undefined].includes(video.sample_aspect_ratio)) return `pixels of ${video.sample_aspect_ratio}`
  if (video.side_data_list?.some(({ rotation }) => rotation)) return 'it has a rotation'
  return Number(video.nb_frames) > 0 ? undefined : 'it has no frames'
}

function spanOf(stream: RawStream | undefined): Span | undefined {
  if (!stream) return undefined
  const start = Number(stream.start_time ?? 0)
  return { start, end: start + Number(stream.duration ?? 0) }
}
