import type { MediaTools } from '../binaries.ts'
import { decoders, subtitleDecoders } from '../codecs.ts'
import { guardedInput, memoryGuard } from '../guards.ts'
import { MediaRejected } from '../rejected.ts'
import { run } from '../run.ts'
import type { RawProgram, RawStream } from './streams.ts'

/** Seconds for each look at a file. A whole one takes well under a second; a trap takes for ever. */
export const timeout = 15

/** Characters. A file with thousands of tags says more, and nobody reads it. */
const mostText = 2_000_000

/** Kinds of stream that we do not know, in one file; phones have added one or two. */
const mostForeign = 4

interface Answer {
  format: { format_name?: string; duration?: string }
  streams: RawStream[]
  programs: RawProgram[]
}

export interface Description extends Answer {
  /** How ffprobe has to be asked so that it opens this file at all. */
  opening: string[]
}

/** What a file says of itself. */
export async function describe(
  file: string,
  { tools, signal }: { tools: MediaTools; signal?: AbortSignal | undefined }
): Promise<Description> {
  const ask = (opening: string[]) =>
    run(
      tools.ffprobe,
      [
        ...['-v', 'error', '-show_format', '-show_streams'],
        ...['-show_entries', 'program=program_id:program_stream=index', '-of', 'json'],
        ...opening
      ],
      { signal, timeout, maxOutput: mostText }
    )

  const codecs = [...decoders, ...subtitleDecoders]
  let opening = [...memoryGuard, ...guardedInput(file, codecs)]
  let answer = await ask(opening)
  // ffprobe gives up on a file with one stream whose decoder is not allowed, wanted or not. It is asked once more for
  // what the header alone says: then it opens each decoder that it names and feeds it nothing.
  for (let tries = 0; tries < mostForeign && answer.exitCode !== 0; tries++) {
    const foreign = [...answer.stderr.matchAll(/Codec \((\w+)\) not on whitelist/g)].map(([, name]) => name!)
    if (foreign.every(name => codecs.includes(name))) break
    codecs.push(...foreign)
    opening = [...memoryGuard, '-nofind_stream_info', ...guardedInput(file, codecs)]
    answer = await ask(opening)
  }

  const { exitCode, signal: killedBy, timedOut, overflowed, stdout } = answer
  if (overflowed) throw new MediaRejected('not_media', 'The file describes itself at a length that nobody can use.')
  // A busy machine can be the reason for either, so the file is not blamed.
  if (timedOut) throw new Error(`ffprobe made nothing of the file in ${timeout} seconds.`)
  if (killedBy) throw new Error(`ffprobe was killed by ${killedBy}.`)

  const { format, streams = [], programs = [] } = parse(stdout)
  if (exitCode !== 0 || !format) {
    throw new MediaRejected('not_media', 'This is not a video or sound file, or its beginning or end is missing.')
  }
  if (/exceeds specified max pixel count/.test(answer.stderr)) {
    throw new MediaRejected('too_many_pixels', 'The picture is too large; the most is 8192x4320.')
  }
  return { format, streams, programs, opening }
}

function parse(stdout: string): Partial<Answer> {
  try {
    return JSON.parse(stdout)
  } catch {
    return {}
  }
}
