import type { AudioTrack, Probe, ProbedAudio } from '../probe/probed.ts'
import { soundGraph } from './filters.ts'

/** What of a probe is heard in the prints. */
export type Sounds = Pick<Probe, 'audio' | 'further' | 'audio_tracks'>

/** Bits a second of a track of a print. */
export const soundRate = 128_000

/** Graphs of their own for the tracks beside the default one: each begins when its own track does. */
export function furtherGraphs({ further }: Pick<Probe, 'further'>) {
  return further.flatMap((track, at) => ['-filter_complex', soundGraph(track, `a${at + 1}`)])
}

/** Every audio track of the prints, encoded once each. */
export function soundStreams({ audio, further, audio_tracks: names }: Sounds) {
  if (!audio) return []
  if (further.length === 0) return ['-map', '[a]', '-c:a', 'aac', '-b:a', rateOf(audio)]
  return [
    ...[audio, ...further].flatMap((track, at) => [
      ...['-map', at === 0 ? '[a]' : `[a${at}]`, `-b:a:${at}`, rateOf(track)]
    ]),
    ...['-c:a', 'aac'],
    ...namedTracks([audio, ...further], names)
  ]
}

const rateOf = ({ channels }: ProbedAudio) => (channels === 1 ? '64k' : '128k')

/** The names by which players know the tracks of a file; an MP4 has languages of three letters alone. */
export function namedTracks(tracks: ProbedAudio[], names: AudioTrack[]) {
  return tracks.flatMap(({ language }, at) => [
    ...(language && /^[a-z]{3}$/i.test(language) ? [`-metadata:s:a:${at}`, `language=${language.toLowerCase()}`] : []),
    // The one is what ffmpeg and VLC show, the other what Apple's players do.
    ...['handler_name', 'title'].flatMap(field => [`-metadata:s:a:${at}`, `${field}=${names[at]!.name}`])
  ])
}
