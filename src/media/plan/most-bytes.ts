import { mostFrames } from '../probe/probe.ts'
import type { Probe } from '../probe/probed.ts'
import type { Print } from './print.ts'
import { capFor } from './rungs.ts'

const MiB = 1024 ** 2
/** Bits a second: more than any track of sound gets. */
const sound = 512_000

/** Bytes that no print exceeds: twice its cap, for as long as it may become. A runaway file ends there. */
export function mostBytes({ video, duration, further }: Probe, prints: Print[]): number | undefined {
  const seconds = video ? mostFrames(video) / video.fps : (duration ?? Infinity)
  if (!Number.isFinite(seconds)) return undefined
  const caps = prints.map(({ width, height, codec }) =>
    video ? capFor({ width: width!, height: height!, codec }, video) : 0
  )
  return Math.ceil(64 * MiB + ((2 * Math.max(...caps) + sound * (1 + further.length)) / 8) * seconds)
}
