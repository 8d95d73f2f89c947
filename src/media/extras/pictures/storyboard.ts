import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { MediaTools } from '../../binaries.ts'
import type { Made } from '../../check/made.ts'
import { guardedInput } from '../../guards.ts'
import type { Extra } from '../extra.ts'
import { runFfmpeg } from '../run-ffmpeg.ts'
import { vttFile } from '../vtt.ts'
import { type Look, readLooks } from './looks.ts'
import { pictureFile } from './picture-file.ts'
import { mostSheets, type Sampling } from './sampling.ts'

interface Draw {
  print: Made
  sampling: Sampling
  directory: string
  tools: MediaTools
  signal?: AbortSignal | undefined
}

const sheetName = (at: number | string) => `storyboard-${at}.jpg`

/** Draws the sheets, and looks at each frame on the way: the poster is one of them. No sheets where one failed. */
export async function drawSheets({ print, sampling, directory, tools, signal }: Draw) {
  const { columns, rows } = sampling
  const pattern = `${resolve(directory).replaceAll('%', '%%')}/${sheetName('%d')}`
  const file = join(directory, print.file)
  const ran = await runFfmpeg(
    [
      ...opening(file, sampling),
      ...['-map', '0:v:0', '-vf', `${looking(sampling)},tile=${columns}x${rows}`, '-fps_mode', 'passthrough'],
      ...['-frames:v', String(mostSheets), '-q:v', '5', '-f', 'image2', '-start_number', '0', `file:${pattern}`]
    ],
    { tools, signal, timeout: timeoutFor(print), reads: [file], directory }
  )
  const looks = readLooks(ran.stdout).slice(0, mostSheets * columns * rows)
  const names = Array.from({ length: Math.ceil(looks.length / (columns * rows)) }, (_, at) => sheetName(at))
  const sheets = await Promise.all(names.map(name => pictureFile(directory, name)))
  return { ran, looks, sheets: sheets.every(sheet => sheet !== undefined) ? sheets : [] }
}

/** Looks between the keyframes at the beginning of a print, for a film whose keyframes are all blank. */
export async function lookCloser({ print, sampling, directory, tools, signal }: Draw): Promise<Look[]> {
  const closer = { ...sampling, every: 0.5, slack: 0.05, keyframesOnly: false }
  const file = join(directory, print.file)
  const ran = await runFfmpeg(
    [
      ...['-t', '60', ...opening(file, closer)],
      ...['-map', '0:v:0', '-vf', looking(closer), '-fps_mode', 'passthrough', '-f', 'null', '-']
    ],
    { tools, signal, timeout: 60, reads: [file], directory }
  )
  return readLooks(ran.stdout)
}

/** The sheets as WebVTT: each cue is the part of a sheet for its seconds. Players read `#xywh=`. */
export async function writeStoryboard(
  directory: string,
  { looks, sampling, duration }: { looks: Look[]; sampling: Sampling; duration: number }
): Promise<Extra> {
  const { columns, rows, tile } = sampling
  const cues = looks.map(({ time }, at) => {
    const place = at % (columns * rows)
    const [x, y] = [(place % columns) * tile.width, Math.floor(place / columns) * tile.height]
    return {
      // The first frame of a print may be a little late, and stands for what is before it.
      from: at === 0 ? 0 : time,
      to: looks[at + 1]?.time ?? Math.max(duration, time + 0.001),
      text: `${sheetName(Math.floor(at / (columns * rows)))}#xywh=${x},${y},${tile.width},${tile.height}`
    }
  })
  const content = vttFile(cues)
  const name = 'storyboard.vtt'
  await writeFile(join(directory, name), content)
  return { name, bytes: Buffer.byteLength(content), width: tile.width, height: tile.height, language: null }
}

/** The demuxer must not skip, too (`-discard nokey`): ffmpeg would guess wrong times. */
function opening(file: string, { keyframesOnly }: Sampling) {
  return [...['-threads', '2'], ...(keyframesOnly ? ['-skip_frame', 'nokey'] : []), ...guardedInput(file)]
}

/** JPEG has the full range and the matrix of BT.601. */
function looking({ every, slack, tile }: Sampling) {
  const chosen = `isnan(prev_selected_t)+gte(t-prev_selected_t\\,${(every - slack).toFixed(3)})`
  const size = `${tile.width}:${tile.height}:flags=area:out_range=pc:out_color_matrix=bt601`
  return `select=${chosen},scale=${size},format=yuvj420p,signalstats,metadata=mode=print:file=-`
}

/** Seconds: forty seconds of film in one are slow, even on a busy machine. */
const timeoutFor = ({ duration }: Made) => 60 + duration / 40
