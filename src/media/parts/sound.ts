import { stat } from 'node:fs/promises'
import type { MediaTools } from '../binaries.ts'
import { readComplaints } from '../check/decoder-report.ts'
import { DiskFailed, diskErrorIn } from '../disk-failed.ts'
import { soundGraph } from '../encode/filters.ts'
import { readProgress } from '../encode/progress.ts'
import { encode } from '../encode/run-encode.ts'
import { furtherGraphs, soundStreams } from '../encode/sound.ts'
import { guardedInput, memoryGuard } from '../guards.ts'
import type { Probe } from '../probe/probed.ts'

/** Samples of a packet of AAC, and of a second of every print. */
const samples = 1024
const rate = 48_000

/**
 * The first packet of the sound at or after a time. The encoder begins with a packet before the beginning, which is
 * heard together with the next one.
 */
export function packetAt(seconds: number) {
  return seconds === 0 ? 0 : Math.ceil((seconds * rate) / samples - 1e-6) + 1
}

/**
 * The arguments of an input that yields just these packets. ffmpeg seeks to the packet at or before a time, so the time
 * is in the middle of the first one; and no rounding matters.
 */
export function onlyPackets(first: number, count: number | undefined) {
  const seconds = (packets: number) => ((packets * samples) / rate).toFixed(6)
  // The very first packet is before the beginning: a seek would leave it out.
  const seek = first === 0 ? [] : ['-ss', seconds(first - 0.5)]
  return [...seek, ...(count === undefined ? [] : ['-t', seconds(Math.max(0.25, count - (first === 0 ? 1.5 : 1)))])]
}

export const unitsOf = (packets: number) => packets * samples

export interface MakeSound {
  source: string
  probe: Probe
  /** The file to write. */
  file: string
  directory: string
  /** Seconds of the beginning; undefined: all. */
  seconds?: number | undefined
  tools: MediaTools
  signal?: AbortSignal | undefined
  onProgress?: ((fraction: number) => void) | undefined
}

/** Packets that may fail unheard: sound often begins and ends in the middle of one. */
const noise = 2

/** The sound cannot be decoded, or not all of it. */
export class SoundDoubtful extends Error {
  override name = 'SoundDoubtful'
}

/**
 * Encodes the sound of a film, with every track that its prints have, or of its beginning. Each packet is the same in both, as the encoder looks back and one
 * packet ahead, and so the parts of a film can be cut from either.
 */
export async function makeSound(work: MakeSound) {
  const { source, probe, file, directory, seconds, tools, signal, onProgress } = work
  const audio = probe.audio!
  const complaints = readComplaints({ ...probe, video: null })
  let full: ReturnType<typeof diskErrorIn>
  const args = [
    ...['-nostdin', '-hide_banner', '-y', '-nostats', '-progress', 'pipe:1', '-stats_period', '0.5'],
    ...['-loglevel', 'level+verbose', ...memoryGuard, '-threads', '1'],
    ...(seconds === undefined ? [] : ['-t', seconds.toFixed(3)]),
    ...guardedInput(source),
    ...['-filter_complex', soundGraph(audio), ...furtherGraphs(probe), ...soundStreams(probe)],
    ...['-dn', '-sn', '-map_metadata', '-1', '-map_chapters', '-1', '-f', 'ipod', `file:${file}`]
  ]
  const encoded = await encode(args, {
    ffmpeg: tools.ffmpeg,
    cell: { reads: [source], writes: [directory] },
    signal,
    stallLimit: 120,
    mostFrames: Infinity,
    files: [file],
    onProgressLine: readProgress({ duration: seconds ?? probe.duration, frames: null }, ({ fraction }) =>
      onProgress?.(fraction ?? 0)
    ),
    onStderrLine: line => {
      full ??= diskErrorIn(line)
      complaints.onLine(line)
    }
  })
  if (full) throw new DiskFailed(full, encoded.stderr)
  const failed = complaints.report.audio?.failed ?? 0
  const { size } = await stat(file).catch(() => ({ size: 0 }))
  if (encoded.exitCode !== 0 || size === 0 || failed > noise) {
    throw new SoundDoubtful(`its sound has ${failed} packets that cannot be decoded`)
  }
}
