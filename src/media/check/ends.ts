import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { MediaTools } from '../binaries.ts'
import { unfinished } from '../encode/arguments.ts'
import { guardedInput, memoryGuard } from '../guards.ts'
import type { Segment } from '../hls/segments.ts'
import { run } from '../run.ts'
import { readFormats } from './formats.ts'
import { beginAlike, endAlike, type Packets, packetsIn } from './packet-hashes.ts'

interface Where {
  directory: string
  tools: MediaTools
  signal?: AbortSignal | undefined
}

/** A print beside its stream. */
interface Print {
  name: string
  file: string
  /** Of the picture. */
  codec: string
  /** Its picture is that of the source, which the encode of the other prints has decoded as a whole. */
  copied: boolean
}

/** Seconds for decoding the first and the last segment of every stream. */
const timeout = 180

/** Seconds from the beginning of a print: the first group of pictures that we make is as long. */
const first = 1

/** Seconds before the end of a print from which ffmpeg seeks back to a keyframe: the last group is read as a whole. */
const last = 0.1

/** Characters: a line for each packet of these beginnings and ends. */
const mostText = 16_000_000

/**
 * Decodes the first and the last segment of every stream as a whole, each behind its init segment. A print has to have
 * the same packets at its beginning and its end, as a player reads them, so that these are not decoded once more. Of a
 * stream that is copied the keyframes are decoded: they show that its init segment fits, and the packets of print and
 * stream, which were written apart, are those that the encode has decoded. Throws where one is broken, or is not of the
 * codecs and the pixel format that every browser plays. Without prints, the streams alone.
 */
export async function checkEnds(segments: Segment[], prints: Print[], where: Where) {
  const rungs = [...new Set(segments.map(({ rung }) => rung))]
  const ends = rungs.flatMap(name => {
    const stream = segments.filter(({ rung }) => rung === name)
    return [stream[0]!, stream.at(-1)!]
  })
  const copied = new Set(prints.flatMap(({ name, copied }) => (copied ? [name] : [])))
  const ofStreams = await Promise.all(
    ends.map(async (end, at) => ({
      file: await behindInit(end, join(where.directory, `check-${at}.mp4`)),
      keyframesOnly: copied.has(end.rung)
    }))
  )
  const { formats, error, onLine } = readFormats()
  const { exitCode, stdout } = await readEnds(ofStreams, prints, { ...where, onStderrLine: onLine })
  await Promise.all(ofStreams.map(({ file }) => rm(file, { force: true })))
  // A decoder conceals what is broken, and says so; ffmpeg then ends with 0.
  if (exitCode !== 0 || error() !== undefined) {
    throw new Error(
      `The beginning or the end of a print or its stream (${rungs.join(', ')}) does not decode: ${error()}`
    )
  }
  for (const [at, { rung }] of ends.entries()) {
    const print = prints.find(({ name }) => name === rung)
    if (print) refuseFormats(print, formats.get(at) ?? [])
  }
  const read = [...ends, ...prints.flatMap(({ name }) => ends.filter(({ rung }) => rung === name))]
  const packets = packetsIn(
    stdout,
    read.map(({ tracks }) => tracks.size)
  )
  for (const [at, { name }] of prints.entries()) {
    const [stream, print] = [2 * rungs.indexOf(name), ends.length + 2 * at]
    if (isSame(packets.slice(stream, stream + 2), packets.slice(print, print + 2))) continue
    throw new Error(`The beginning or the end of a print (${name}) is not that of its stream: its file is damaged`)
  }
}

/** Of a print, too: it is in the same codec, and the same bytes set up its decoder. */
function refuseFormats({ name, codec }: Print, formats: string[]) {
  const wrong = formats.length === 0 ? 'unknown' : formats.find(each => ![`${codec} yuv420p`, 'aac'].includes(each))
  if (wrong) throw new Error(`The print ${name} failed its check: the format of its stream is ${wrong}`)
}

async function behindInit({ init, file }: Segment, whole: string) {
  await copyFile(init, whole)
  await writeFile(whole, await readFile(file), { flag: 'a' })
  return whole
}

/** A segment behind its init segment. */
interface End {
  file: string
  keyframesOnly: boolean
}

/** One process for all: its start takes as long as the decode of a second. */
function readEnds(
  ofStreams: End[],
  prints: Print[],
  { directory, tools, signal, onStderrLine }: Where & { onStderrLine(line: string): void }
) {
  const ofPrints = prints.map(({ file }) => resolve(directory, unfinished(file)))
  const inputs = [
    ...ofStreams.map(({ file, keyframesOnly }) => [
      ...['-threads', '2', ...(keyframesOnly ? ['-skip_frame', 'nokey'] : [])],
      ...memoryGuard,
      ...guardedInput(file)
    ]),
    // Their packets are compared: no decoder has to look at them.
    ...ofPrints.flatMap(file => [
      ['-nofind_stream_info', '-t', String(first), ...memoryGuard, ...guardedInput(file)],
      ['-nofind_stream_info', '-sseof', `-${last}`, ...memoryGuard, ...guardedInput(file)]
    ])
  ]
  const streams = ofStreams.flatMap((_, at) => ['-map', String(at)])
  // A print may have further audio tracks, which have streams of their own.
  const ends = inputs.slice(ofStreams.length).flatMap((_, at) => {
    const input = ofStreams.length + at
    return ['-map', `${input}:v:0?`, '-map', `${input}:a:0?`]
  })
  const hashes = [
    ...streams,
    ...ends,
    '-c',
    'copy',
    '-copypriorss',
    '1',
    '-f',
    'framehash',
    '-hash',
    'sha256',
    'pipe:1'
  ]
  return run(
    tools.ffmpeg,
    [
      // What its inputs are is logged at this level.
      ...['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'level+info', '-xerror'],
      ...inputs.flat(),
      ...streams,
      ...['-f', 'null', '-'],
      ...(prints.length > 0 ? hashes : [])
    ],
    { signal, timeout, maxOutput: mostText, onStderrLine, reads: [...ofStreams.map(({ file }) => file), ...ofPrints] }
  )
}

/** Beginning and end of a stream and of its print. Sound may end long before the picture: there may be none to compare. */
function isSame([streamBegin, streamEnd]: Packets[], [begin, end]: Packets[]) {
  const main = streamBegin!.picture.length > 0 ? 'picture' : 'sound'
  return (
    [streamBegin, streamEnd, begin, end].every(packets => packets![main].length > 0) &&
    beginAlike(streamBegin!.picture, begin!.picture) &&
    beginAlike(streamBegin!.sound, begin!.sound) &&
    endAlike(streamEnd!.picture, end!.picture) &&
    soundEndsAlike(streamEnd!.sound, end!.sound) &&
    [begin, end].every(print => print!.setups.join() === streamBegin!.setups.join())
  )
}

/**
 * An MP4 says in milliseconds how long its sound is to be played. A last packet that begins in the fraction after these
 * is in the file of the print, and not among those that a player reads.
 */
function soundEndsAlike(stream: string[], print: string[]) {
  return endAlike(stream, print) || endAlike(stream.slice(0, -1), print)
}
