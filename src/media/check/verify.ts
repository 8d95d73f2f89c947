import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { MediaTools } from '../binaries.ts'
import { unfinished } from '../encode/arguments.ts'
import { guardedInput } from '../guards.ts'
import type { Print } from '../plan/ladder.ts'
import type { Probe } from '../probe/probed.ts'
import type { RawStream } from '../probe/streams.ts'
import { run } from '../run.ts'

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

/** Seconds for the check of one finished print. */
const timeout = 30

/** Opens a print as a player does, and returns its measured properties rather than the requested ones. */
export async function verify(print: Print, { probe, directory, tools, signal }: Where): Promise<Made> {
  const path = join(directory, unfinished(print.file))
  const refuse = (why: string) => new Error(`The print ${print.name} failed its check: ${why}`)

  const { size: bytes } = await stat(path).catch(() => ({ size: 0 }))
  if (bytes === 0) throw refuse('its file is missing or empty')
  const { exitCode, stdout } = await run(
    tools.ffprobe,
    ['-v', 'error', '-show_streams', '-show_entries', 'format=duration', '-of', 'json', ...guardedInput(path)],
    { signal, timeout, reads: [path] }
  )
  if (exitCode !== 0) throw refuse('ffprobe cannot read it')

  const { streams, format } = JSON.parse(stdout) as { streams: RawStream[]; format: { duration?: string } }
  const [video, ...moreVideo] = streams.filter(({ codec_type }) => codec_type === 'video')
  const [audio, ...moreAudio] = streams.filter(({ codec_type }) => codec_type === 'audio')
  const duration = Number(format.duration)
  const frames = video ? Number(video.nb_frames) : null

  if (Boolean(video) !== Boolean(probe.video))
    throw refuse(video ? 'it has an unexpected video stream' : 'it has no video stream')
  if (Boolean(audio) !== Boolean(probe.audio))
    throw refuse(audio ? 'it has an unexpected audio stream' : 'it has no audio stream')
  if (moreVideo.length + moreAudio.length > 0 || streams.length > 2)
    throw refuse('it has more than one video and one audio stream')
  if (!(duration > 0)) throw refuse('its duration is zero')
  if (video) {
    if (video.width !== print.width || video.height !== print.height) throw refuse(`${video.width}x${video.height}`)
    if (video.codec_name !== 'h264' || video.pix_fmt !== 'yuv420p') throw refuse(`${video.codec_name} ${video.pix_fmt}`)
    if (!['1:1', undefined].includes(video.sample_aspect_ratio)) throw refuse(`pixels of ${video.sample_aspect_ratio}`)
    if (video.side_data_list?.some(({ rotation }) => rotation)) throw refuse('it has a rotation')
    if (!(frames! > 0)) throw refuse('it has no frames')
  }

  return {
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
}
