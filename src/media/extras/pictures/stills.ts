import { join, resolve } from 'node:path'
import type { MediaTools } from '../../binaries.ts'
import type { Made } from '../../check/made.ts'
import { guardedInput } from '../../guards.ts'
import { runFfmpeg } from '../run-ffmpeg.ts'
import { pictureFile } from './picture-file.ts'
import { within } from './sampling.ts'

interface DevelopStills {
  /** Of which the poster and of which the preview is made. */
  largest: Made
  smallest: Made
  /** Seconds: the frame of the poster. */
  time: number
  /** Whether that is a keyframe. */
  onKeyframe: boolean
  withPreview: boolean
  directory: string
  tools: MediaTools
  signal?: AbortSignal | undefined
}

/** Pixels of the longer side. */
export const posterSide = 1280
const previewSide = 320

/** Three seconds that move tell more than a still, and are about 100 KB. */
const preview = { seconds: 3, fps: 8, quality: 50 }

/** Seconds for two short seeks and a few frames. */
const timeout = 60

const names = { poster: 'poster.jpg', preview: 'preview.webp' }

/** One process for both, with an input for each: its start takes as long as its work. */
export async function developStills(work: DevelopStills) {
  const { largest, smallest, directory, tools, signal, withPreview } = work
  const ran = await runFfmpeg([...inputs(work), ...posterOutput(work), ...(withPreview ? previewOutput(work) : [])], {
    tools,
    signal,
    timeout,
    reads: [largest, smallest].map(({ file }) => join(directory, file)),
    directory
  })
  return {
    ran,
    poster: await pictureFile(directory, names.poster),
    preview: withPreview ? await pictureFile(directory, names.preview) : undefined
  }
}

function inputs({ largest, smallest, time, onKeyframe, withPreview, directory }: DevelopStills) {
  // A little early: the frame itself must not count as before the place. ffmpeg then begins a keyframe before it.
  const at = (seconds: number, early = 0.001) => ['-threads', '2', '-ss', Math.max(0, seconds - early).toFixed(3)]
  const place = onKeyframe ? ['-skip_frame', 'nokey', ...at(time, 0.05)] : at(time)
  const poster = [...place, ...guardedInput(join(directory, largest.file))]
  if (!withPreview) return poster
  const from = Math.min(time, smallest.duration - preview.seconds)
  return [...poster, ...at(from), '-t', String(preview.seconds), ...guardedInput(join(directory, smallest.file))]
}

function posterOutput({ largest, directory }: DevelopStills) {
  const { width, height } = within(posterSide, { width: largest.width!, height: largest.height! })
  const filter = `scale=${width}:${height}:flags=bicubic:out_range=pc:out_color_matrix=bt601,format=yuvj420p`
  return [
    ...['-map', '0:v:0', '-frames:v', '1', '-vf', filter, '-q:v', '4', '-f', 'image2', '-update', '1'],
    `file:${resolve(directory)}/${names.poster}`
  ]
}

function previewOutput({ smallest, directory }: DevelopStills) {
  const { width, height } = within(previewSide, { width: smallest.width!, height: smallest.height! })
  return [
    ...[
      '-map',
      '1:v:0',
      '-vf',
      `fps=${preview.fps}:round=up,scale=${width}:${height}:flags=area`,
      '-c:v',
      'libwebp_anim'
    ],
    ...['-quality', String(preview.quality), '-compression_level', '1', '-loop', '0', '-f', 'webp'],
    `file:${resolve(directory)}/${names.preview}`
  ]
}
