import type { MediaTools } from '../binaries.ts'
import { guardedInput, memoryGuard } from '../guards.ts'
import { whyEncoded } from '../plan/copy.ts'
import type { Print } from '../plan/print.ts'
import { lead } from '../probe/probe.ts'
import type { Probe } from '../probe/probed.ts'
import { run } from '../run.ts'
import { type Lengths, type Part, timeOf } from './split.ts'

/** They have an index, so that a seek costs nothing, and their times begin at one clock. */
const containers = /^(mov|matroska)/

/** Frames a second. A keyframe every four seconds needs some frames between. */
const slowest = 5

/** Seconds that a part may have to decode before it begins: more than most groups of pictures. */
const longestGroup = 20

/** Seconds for one look at the beginnings of all parts. */
const timeout = 15

/**
 * Why a film is made in one run; undefined where parts of it can be trusted to have the very frames of a single run. All
 * else takes the single run, which copes with everything: films whose frames come unevenly (each part would have to know
 * where the one before it stopped), which begin with sound alone, whose length is not known or not true, interlaced ones,
 * and those whose largest print is copied, as copying is most of the saving and its segments begin elsewhere.
 */
export function whyOneRun(probe: Probe, prints: Print[], { shortest }: Lengths): string | undefined {
  const { video, container, promised_duration: promised } = probe
  if (!video) return 'it has no picture'
  if (!video.duration || video.duration <= shortest) return 'it is short'
  if (!containers.test(container)) return `the container is ${container}`
  if (video.fps < slowest) return 'it has few frames'
  if (video.pace === null || Math.abs(video.pace / video.fps - 1) > 0.02) return 'its pictures come unevenly'
  if (video.interlaced) return 'it is interlaced'
  if (lead(probe) > 0.5 / video.fps) return 'it begins with sound alone'
  if (promised !== null && Math.abs(promised - video.duration) > 1) return 'its length is not what its header says'
  if (video.frames !== null && Math.abs(video.frames / (video.duration * video.fps) - 1) > 0.02) {
    return 'it has more or fewer pictures than its length tells'
  }
  if (whyEncoded(probe, prints) === undefined) return `${prints[0]!.name} can be copied`
  return undefined
}

/** The same by a look at where parts begin: each needs a keyframe that a seek finds, not far before it. */
export async function whyNotSought(
  parts: Part[],
  { source, probe, tools, signal }: { source: string; probe: Probe; tools: MediaTools; signal: AbortSignal }
): Promise<string | undefined> {
  const video = probe.video!
  const begins = parts.slice(1).map(({ from }) => timeOf(from, video.fps))
  // Times of packets have the container's zero; where that is, only the first packets tell.
  const intervals = begins.map(seconds => `${seconds.toFixed(3)}%+#1`).join(',')
  const { stdout, exitCode } = await run(
    tools.ffprobe,
    [
      ...['-v', 'error', '-select_streams', String(video.index), '-show_entries', 'packet=pts_time,dts_time,flags'],
      ...['-of', 'json', '-read_intervals', intervals, ...memoryGuard, ...guardedInput(source)]
    ],
    { signal, timeout, reads: [source] }
  )
  if (exitCode !== 0) return 'it has no index'
  const { packets = [] } = JSON.parse(stdout) as {
    packets?: { pts_time?: string; dts_time?: string; flags?: string }[]
  }
  const zero = Math.min(video.start_time, probe.audio?.start_time ?? Infinity)
  const isFine = begins.every((seconds, at) => {
    const { pts_time: time, dts_time, flags = '' } = packets[at] ?? {}
    const before = seconds - (Number(time ?? dts_time) - zero)
    return flags.startsWith('K') && before > -1 && before < longestGroup
  })
  return isFine && packets.length === begins.length ? undefined : 'it has no index, or few keyframes'
}
