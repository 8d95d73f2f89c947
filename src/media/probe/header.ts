import type { MediaTools } from '../binaries.ts'
import { decoders, subtitleDecoders } from '../codecs.ts'
import { guardedInput, maxPixels, maxStreams, memoryGuard } from '../guards.ts'
import { MediaRejected } from '../rejected.ts'
import { run } from '../run.ts'
import type { RawProgram, RawStream } from './streams.ts'

/** Seconds for each ffprobe. An intact file takes well under a second, a crafted one may take for ever. */
export const timeout = 15

/** Characters of ffprobe's output; only a file with thousands of tags has more. */
export const mostText = 2_000_000

/** Codecs outside the list that a file may have and still be opened; phones add one or two. */
const mostForeign = 4

interface Answer {
  format: { format_name?: string; duration?: string; start_time?: string }
  streams: RawStream[]
  programs: RawProgram[]
}

export interface Header extends Answer {
  /** The ffprobe arguments that open this file. */
  opening: string[]
}

/** What ffprobe says beside format and streams: which stream belongs to which programme. */
export const ofPrograms = 'program=program_id:program_stream=index'

const listed = [...decoders, ...subtitleDecoders]

/** The ffprobe arguments that open a file, where each of its decoders is on the list. */
export const usualOpening = (file: string) => [...memoryGuard, ...guardedInput(file, listed)]

/** Reads a file's header. */
export async function readHeader(
  file: string,
  { tools, signal }: { tools: MediaTools; signal?: AbortSignal | undefined }
): Promise<Header> {
  const ask = (opening: string[]) =>
    run(
      tools.ffprobe,
      [...['-v', 'error', '-show_format', '-show_streams', '-show_entries', ofPrograms, '-of', 'json'], ...opening],
      { signal, timeout, maxOutput: mostText, reads: [file] }
    )

  const codecs = [...listed]
  let opening = usualOpening(file)
  let answer = await ask(opening)
  // ffprobe fails on a file with one stream whose decoder is not allowed, needed or not. The retry allows those
  // decoders and reads only the header: ffprobe then opens them and feeds them nothing.
  for (let tries = 0; tries < mostForeign && answer.exitCode !== 0; tries++) {
    const foreign = [...answer.stderr.matchAll(/Codec \((\w+)\) not on whitelist/g)].map(([, name]) => name!)
    if (foreign.every(name => codecs.includes(name))) break
    codecs.push(...foreign)
    opening = [...memoryGuard, '-nofind_stream_info', ...guardedInput(file, codecs)]
    answer = await ask(opening)
  }

  const { exitCode, signal: killedBy, timedOut, overflowed, stdout } = answer
  if (overflowed)
    throw new MediaRejected(
      'not_a_video',
      'The header of this file is larger than any real one: it is damaged or crafted.'
    )
  // An overloaded machine can cause either, so this is no rejection.
  if (timedOut)
    throw new Error(
      `ffprobe gave no answer about the file in ${timeout} seconds and was killed: the machine may be overloaded.`
    )
  if (killedBy)
    throw new Error(`ffprobe was killed by ${killedBy} before it answered: the machine may be out of memory.`)

  const { format, streams = [], programs = [] } = parse(stdout)
  if (exitCode !== 0 || !format) throw reasonOf(answer.stderr)
  if (/exceeds specified max pixel count/.test(answer.stderr)) throw reasonOf(answer.stderr)
  return { format, streams, programs, opening }
}

/** Why ffprobe cannot open a file, by its messages. */
function reasonOf(stderr: string) {
  if (/exceeds specified max pixel count/.test(stderr)) {
    return new MediaRejected(
      'too_many_pixels',
      `The picture is too large; the most is ${maxPixels} pixels (8192x4320).`
    )
  }
  if (/exceeds max_streams/.test(stderr)) {
    return new MediaRejected('too_many_streams', `The file has more than ${maxStreams} streams.`)
  }
  if (/moov atom not found/.test(stderr)) {
    return new MediaRejected(
      'truncated',
      'The file is cut off: its index (moov), which says where everything is, is missing. Upload the whole file.'
    )
  }
  return new MediaRejected('not_a_video', 'This is not a video or sound file, or its beginning or end is missing.')
}

export function parse(stdout: string): Partial<Answer> {
  try {
    return JSON.parse(stdout)
  } catch {
    return {}
  }
}
