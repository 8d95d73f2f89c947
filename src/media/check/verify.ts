import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { unfinished } from '../encode/arguments.ts'
import type { Print } from '../plan/print.ts'
import type { Probe } from '../probe/probed.ts'
import { tracksProblem } from './audio-tracks.ts'
import { type PrintTrack, readIndex } from './index-of-print.ts'
import { layoutProblem } from './layout.ts'
import type { Made } from './made.ts'
import { type Timed, timesProblem } from './times.ts'

interface Where {
  probe: Probe
  directory: string
}

export interface Verified extends Timed {
  made: Made
}

/**
 * Reads the index of a print, as a player does first, and returns its measured properties rather than the requested ones.
 * `checkEnds` reads its media.
 */
export async function verify(print: Print, { probe, directory }: Where): Promise<Verified> {
  const path = join(directory, unfinished(print.file))
  const refuse = (why: string) => new Error(`The print ${print.name} failed its check: ${why}`)

  const { size: bytes } = await stat(path).catch(() => ({ size: 0 }))
  if (bytes === 0) throw refuse('its file is missing or empty')
  const layout = await layoutProblem(path)
  if (layout) throw refuse(layout)
  const { duration: whole, tracks } = await readIndex(path).catch((error: Error) => {
    throw refuse(error.message)
  })

  const [video, audio] = (['picture', 'sound'] as const).map(type => tracks.find(({ kind }) => kind === type))
  const frames = video?.samples ?? null
  const times = { picture: video?.span, sound: audio?.span }
  // Further audio tracks may go on for longer; what plays is over then.
  const duration = probe.further.length > 0 ? Math.max(video?.span.end ?? 0, audio?.span.end ?? 0) : whole
  const problem =
    streamsProblem(tracks, probe) ??
    (duration > 0 ? undefined : 'its duration is zero') ??
    (video && pictureProblem(video, print)) ??
    timesProblem({ ...times, frames }, probe)
  if (problem) throw refuse(problem)

  const made = {
    name: print.name,
    file: print.file,
    width: print.width,
    height: print.height,
    duration,
    bytes,
    bitrate: Math.round((bytes * 8) / duration),
    codec: (video ?? audio)!.codec!,
    audio_codec: audio?.codec ?? null,
    frames,
    copied: print.copied
  }
  return { made, ...times }
}

function streamsProblem(tracks: PrintTrack[], probe: Probe) {
  const count = (type: PrintTrack['kind']) => tracks.filter(({ kind }) => kind === type).length
  const [videos, audios] = [count('picture'), count('sound')]
  if (videos > 0 !== Boolean(probe.video))
    return videos > 0 ? 'it has an unexpected video stream' : 'it has no video stream'
  if (audios > 0 !== Boolean(probe.audio))
    return audios > 0 ? 'it has an unexpected audio stream' : 'it has no audio stream'
  if (videos + audios !== tracks.length || videos > 1) return 'it has more than one video stream, or a foreign one'
  if (tracks.some(({ codec }) => codec === undefined)) return 'it has a stream of another codec'
  return tracksProblem(tracks, probe)
}

/** Its pixel format is in its media. */
function pictureProblem({ size, shown, plain, codec, samples }: PrintTrack, { width, height, ...print }: Print) {
  if (size.width !== width || size.height !== height) return `${size.width}x${size.height}`
  if (width % 2 !== 0 || height % 2 !== 0) return `a side of ${width}x${height} is odd`
  if (codec !== print.codec) return `it is ${codec}`
  if (!plain || shown.width !== width || shown.height !== height) return 'it is rotated, or its pixels are not square'
  return samples > 0 ? undefined : 'it has no frames'
}
