import path from 'node:path'
import { findMediaTools } from '../../src/media/binaries.ts'
import { encodeArguments } from '../../src/media/develop.ts'
import { encoderOptions, usualEncoders } from '../../src/media/encode/encoders.ts'
import { planPrints } from '../../src/media/plan/ladder.ts'
import { capFor } from '../../src/media/plan/rungs.ts'
import { probe } from '../../src/media/probe/probe.ts'

async function planOf(film: string) {
  const facts = await probe(film, { tools: await findMediaTools() })
  return { facts, prints: planPrints(facts).prints }
}

/**
 * As an engineer types it who knows ffmpeg: one decode, a split, an output for each print with its own sound, the same
 * encoder with the same preset, quality and limits, the keyframes that streams need. Threads are ffmpeg's default.
 */
export async function typed(film: string, directory: string) {
  const { facts, prints } = await planOf(film)
  const video = facts.video!
  const split = `[0:v]split=${prints.length}${prints.map((_, at) => `[s${at}]`).join('')}`
  const scales = prints.map(({ width, height }, at) => {
    const isSame = width === video.width && height === video.height
    return `[s${at}]${isSame ? 'null' : `scale=${width}:${height}`}[v${at}]`
  })
  const outputs = prints.flatMap(({ file, profile, codec, ...print }, at) => {
    const size = { width: print.width!, height: print.height! }
    const cap = capFor({ ...size, codec }, video)
    const { threads: _, ...options } = encoderOptions(usualEncoders.h264!, { print: { ...size, profile }, cap })
    return [
      ...['-map', `[v${at}]`, '-map', '0:a'],
      ...Object.entries(options).flatMap(([name, value]) => [`-${name}:v`, String(value)]),
      ...['-pix_fmt', 'yuv420p', '-g', String(Math.ceil(4 * video.fps)), '-force_key_frames', 'expr:gte(t,n_forced*4)'],
      ...['-c:a', 'aac', '-b:a', '128k', '-movflags', '+faststart', path.join(directory, file)]
    ]
  })
  return ['-nostdin', '-y', '-v', 'error', '-i', film, '-filter_complex', [split, ...scales].join(';'), ...outputs]
}

/** The graph, encoders, threads and tee of a task, without the streams, and without a copied print. */
export async function sameGraph(film: string, directory: string) {
  const { facts, prints } = await planOf(film)
  const args = encodeArguments({ source: film, probe: facts, prints, directory })
  const files = args
    .at(-1)!
    .split('|')
    .filter(output => output.startsWith('[f=mp4'))
  return [...args.slice(0, -1), files.join('|')]
}
