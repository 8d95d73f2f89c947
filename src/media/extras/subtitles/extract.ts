import { mkdir, open, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { decoders } from '../../codecs.ts'
import { guardedInput } from '../../guards.ts'
import type { Note } from '../../probe/probed.ts'
import type { Extra, Extras, MakeExtras } from '../extra.ts'
import { endOf, runFfmpeg } from '../run-ffmpeg.ts'
import { vttFile } from '../vtt.ts'
import { cuesOf } from './cues.ts'
import { planTracks, skipped, type Track, textDecoders } from './tracks.ts'

/** Bytes of the text of one track as ffmpeg writes it; the rest is cut off. */
const mostText = 8_000_000

type Work = Pick<MakeExtras, 'source' | 'probe' | 'directory' | 'tools' | 'signal'>

/** Text subtitles as WebVTT, all of them in one reading of the source, in which nothing else is decoded. */
export async function extractSubtitles({ source, probe, directory, tools, signal }: Work): Promise<Extras> {
  const { tracks, notes } = planTracks(probe.subtitles)
  if (tracks.length === 0) return { extras: [], notes }

  const drafts = tracks.map(({ index }) => `${resolve(directory)}/subtitles-${index}.ass`)
  const ran = await runFfmpeg(
    [
      ...guardedInput(source, [...decoders, ...textDecoders]),
      ...tracks.flatMap(({ index }, at) => [
        ...['-map', `0:${index}`, '-c:s', 'ass', '-map_metadata', '-1', '-map_chapters', '-1'],
        ...['-fs', String(mostText), '-f', 'ass', `file:${drafts[at]}`]
      ])
    ],
    { tools, signal, timeout: timeoutFor(probe.bytes), reads: [source], directory }
  )
  await mkdir(join(directory, 'subtitles'), { recursive: true })
  const extras: Extra[] = []
  for (const [at, track] of tracks.entries()) {
    const made = await trackFile(directory, { track, text: await beginningOf(drafts[at]!), how: endOf(ran) })
    if (made.extra) extras.push(made.extra)
    if (made.note) notes.push(made.note)
    await rm(drafts[at]!, { force: true })
  }
  return { extras, notes }
}

interface Written {
  track: Track
  text: string | undefined
  how: string
}

async function trackFile(directory: string, written: Written): Promise<{ extra?: Extra; note?: Note }> {
  const { track, text, how } = written
  const said = `The subtitles of stream ${track.index} (${track.language})`
  if (text === undefined) return { note: skipped('failed', `${said} could not be read: ${how}.`) }
  const { cues, cut } = cuesOf(text)
  if (cues.length === 0) return { note: skipped('empty', `${said} have no text.`) }

  const content = vttFile(cues)
  const name = `subtitles/${track.language}.vtt`
  await writeFile(join(directory, name), content)
  return {
    extra: { name, bytes: Buffer.byteLength(content), width: null, height: null, language: track.language },
    ...(cut && { note: skipped('cut', `${said} are longer than those of any film: the end was cut off.`) })
  }
}

/** `-fs` is checked after each event, and a single one may have any length. */
async function beginningOf(file: string) {
  const opened = await open(file).catch(() => undefined)
  if (!opened) return undefined
  try {
    const { buffer, bytesRead } = await opened.read(Buffer.alloc(mostText), 0, mostText, 0)
    return bytesRead > 0 ? buffer.toString('utf8', 0, bytesRead) : undefined
  } finally {
    await opened.close()
  }
}

/** Seconds: a disk that reads 20 MB a second is slow. */
const timeoutFor = (bytes: number) => 60 + bytes / 20_000_000
