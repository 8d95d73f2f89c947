import { resolve } from 'node:path'
import type { MediaTools } from '../binaries.ts'
import { guardedInput, memoryGuard } from '../guards.ts'
import type { Loudness, ProbedAudio } from '../probe/probed.ts'
import { run } from '../run.ts'
import { soundChain } from './filters.ts'

/** Peaks stay below this (dBTP, EBU R128): an encoder overshoots a little. */
const mostPeak = -1

/** LUFS. What is as quiet is silence or noise, and stays as it is. */
const silence = -60

/** Seconds; the sound of an hour is measured in about a minute. */
const leastTime = 120
const share = 0.5

interface Measure {
  tools: MediaTools
  signal?: AbortSignal | undefined
  /** LUFS. */
  target: number
  /** Seconds of the film. */
  duration: number | null
}

/**
 * Measures the sound by EBU R128, as the prints have it, and decides about one gain for all of it: dynamics stay as they
 * are, and peaks are not cut, so a film of quiet words and loud bangs may stay below the target. Null where it cannot be
 * measured.
 */
export async function measureLoudness(
  source: string,
  audio: ProbedAudio,
  { tools, signal, target, duration }: Measure
): Promise<Loudness | null> {
  const graph = `[0:${audio.index}]${soundChain(audio).join(',')},ebur128=peak=true:framelog=verbose[m]`
  const { stderr } = await run(
    tools.ffmpeg,
    [
      ...['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'info', ...memoryGuard, ...guardedInput(source)],
      ...['-filter_complex', graph, '-map', '[m]', '-f', 'null', '-']
    ],
    { signal, timeout: Math.max(leastTime, share * (duration ?? 0)), reads: [resolve(source)] }
  )
  // The last summary: one that a tag of the file imitates comes before it.
  const summary = stderr.slice(stderr.lastIndexOf('Integrated loudness:'))
  const [lufs, peak] = [/I: +(-?[\d.]+|-inf) LUFS/, /Peak: +(-?[\d.]+|-inf) dBFS/].map(each =>
    Number(each.exec(summary)?.[1]?.replace('-inf', '-Infinity') ?? Number.NaN)
  ) as [number, number]
  if (!Number.isFinite(lufs) || !Number.isFinite(peak)) return null
  const gain = lufs <= silence ? 0 : Math.min(target - lufs, mostPeak - peak)
  return { lufs, peak, gain: Number(gain.toFixed(1)) }
}
