import path from 'node:path'
import type { MediaTools } from '../binaries.ts'
import { unfinished } from '../encode/arguments.ts'
import { guardedInput, memoryGuard } from '../guards.ts'
import { run } from '../run.ts'
import type { Made } from './verify.ts'

/** Seconds for decoding the first and the last group of pictures of every print. */
const timeout = 180

/** Seconds from the beginning: the first group of pictures that we make is as long, one of a copied print may be longer. */
const first = 1

/** Seconds before the end from which ffmpeg seeks back to a keyframe: the last group is decoded as a whole. */
const last = 0.1

interface Where {
  directory: string
  tools: MediaTools
  signal?: AbortSignal | undefined
}

/** Decodes the beginning and the end of every print. Throws with what the decoder says where one is broken. */
export async function decodeEndsOfPrints(made: Made[], { directory, tools, signal }: Where) {
  const files = made.map(({ file }) => path.resolve(directory, unfinished(file)))
  const ends = files.flatMap(file => [
    ['-t', String(first), ...memoryGuard, ...guardedInput(file)],
    ['-sseof', `-${last}`, ...memoryGuard, ...guardedInput(file)]
  ])
  const { exitCode, stderr } = await run(
    tools.ffmpeg,
    [
      ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-xerror'],
      ...ends.flat(),
      ...ends.flatMap((_, at) => ['-map', String(at)]),
      ...['-f', 'null', '-']
    ],
    { signal, timeout, reads: files }
  )
  // A decoder conceals what is broken, and says so; ffmpeg then ends with 0.
  if (exitCode === 0 && stderr.trim() === '') return
  const names = made.map(({ name }) => name).join(', ')
  const said = stderr.trim().split('\n').at(-1)
  throw new Error(`The beginning or the end of a print (${names}) does not decode: ${said}`)
}
