import { mkdir } from 'node:fs/promises'
import type { MediaTools } from '../binaries.ts'
import { checkTracks } from '../check/audio-tracks.ts'
import { checkEnds } from '../check/ends.ts'
import type { Stream } from '../check/streams.ts'
import { DiskFailed, diskErrorIn } from '../disk-failed.ts'
import { tee, trackOutputs } from '../encode/arguments.ts'
import { EncodeFailed } from '../encode-failed.ts'
import { guardedInput, memoryGuard } from '../guards.ts'
import { draftOf, followSegments, type Segment } from '../hls/segments.ts'
import { tracksBeside } from '../plan/audio-tracks.ts'
import type { Probe } from '../probe/probed.ts'
import { run } from '../run.ts'

interface CutTracks {
  probe: Probe
  /** The encoded sound of the whole film. */
  sound: string | undefined
  /** Of the picture, of all parts: their sound is in time with it. */
  segments: Segment[]
  directory: string
  tools: MediaTools
  signal: AbortSignal
}

/** Seconds: an hour of eight tracks has 500 MB, which a slow disk reads and writes in two minutes. */
const timeout = 1800

/** Cuts the audio tracks of a film into streams, by copying, and checks them. */
export async function cutTracks({ probe, sound, segments, directory, tools, signal }: CutTracks): Promise<{
  tracks: Stream[]
  trackSegments: Segment[]
}> {
  const { further } = probe
  if (sound === undefined || further.length === 0) return { tracks: [], trackSegments: [] }
  const names = tracksBeside(further)
  for (const name of names) await mkdir(draftOf(directory, name), { recursive: true })
  const { exitCode, stderr } = await run(
    tools.ffmpeg,
    [
      ...['-nostdin', '-hide_banner', '-y', '-loglevel', 'warning', ...memoryGuard, ...guardedInput(sound)],
      ...['-map', '0:a', '-c', 'copy', ...tee(trackOutputs(further, directory))]
    ],
    { signal, timeout, reads: [sound], writes: [directory] }
  )
  const full = stderr.split('\n').map(diskErrorIn).find(Boolean)
  if (full) throw new DiskFailed(full, stderr)
  if (exitCode !== 0) throw new EncodeFailed('The audio tracks of the film could not be cut into streams.', stderr)

  const trackSegments: Segment[] = []
  const add = async (segment: Segment) => void trackSegments.push(segment)
  const unsound = await followSegments(directory, [], add, { names, timedBy: segments[0]!.init }).end()
  if (unsound) throw unsound
  const tracks = checkTracks(trackSegments, probe)
  await checkEnds(trackSegments, [], { directory, tools, signal })
  return { tracks, trackSegments }
}
