import type { Segment } from '../hls/segments.ts'
import { tracksBeside } from '../plan/audio-tracks.ts'
import type { Probe, ProbedAudio } from '../probe/probed.ts'
import type { PrintTrack } from './index-of-print.ts'
import { gapIn, refuse, type Stream } from './streams.ts'
import { isAbout, steady } from './times.ts'

/** Why the audio tracks of a print beside the default one are not those of its source. */
export function tracksProblem(tracks: PrintTrack[], probe: Probe): string | undefined {
  const sounds = tracks.filter(({ kind }) => kind === 'sound')
  const expected = probe.audio ? 1 + probe.further.length : 0
  if (sounds.length !== expected) return `it has ${sounds.length} audio tracks and should have ${expected}`
  for (const [at, track] of probe.further.entries()) {
    const sound = sounds[at + 1]!
    if (sound.codec !== 'aac') return `its audio track ${at + 2} is ${sound.codec ?? 'of another codec'}`
    const wrong = lengthProblem(sound.span.end, track, probe)
    if (wrong) return `its audio track ${at + 2} ${wrong}`
  }
  return undefined
}

/** A track ends when that of the source does, which need not be the end of the film. */
function lengthProblem(end: number, track: ProbedAudio, { container, start_time, damage }: Probe) {
  if (end <= 0) return 'is empty'
  if (damage || track.duration === null || track.begins === null || !steady.test(container)) return undefined
  const expected = track.begins + track.duration - start_time
  return isAbout(end, expected)
    ? undefined
    : `ends at ${end.toFixed(2)} s, and that of the source at ${expected.toFixed(2)} s`
}

/** Checks the streams of these tracks by their headers: sound alone, without holes. `checkEnds` reads their media. */
export function checkTracks(segments: Segment[], probe: Probe): Stream[] {
  const all = tracksBeside(probe.further).map(name => segments.filter(({ rung }) => rung === name))
  if (all.length === 0) return []
  const tracks = [probe.audio!, ...probe.further]
  return all.map((own, at) => streamOf(`audio-${at + 1}`, own, tracks[at]!, probe))
}

function streamOf(name: string, segments: Segment[], track: ProbedAudio, probe: Probe): Stream {
  if (segments.length === 0) throw refuse(name, 'it has no segments')
  const runs = segments.map(({ runs }) => runs[0]!)
  if (segments.some(({ runs }) => runs.length !== 1 || runs[0]!.kind !== 'sound')) {
    throw refuse(name, 'it is not sound alone')
  }
  const gap = gapIn(runs)
  if (gap) throw refuse(name, `${gap} at a join of its segments`)
  const duration = segments.reduce((sum, segment) => sum + segment.duration, 0)
  const wrong = lengthProblem(duration, track, probe)
  if (wrong) throw refuse(name, `it ${wrong}`)
  return {
    rung: name,
    segments: segments.map(({ number, duration, bytes }) => ({ number, duration, bytes })),
    codecs: [...segments[0]!.tracks.values()].flatMap(({ codec }) => codec ?? []).join(','),
    duration
  }
}
