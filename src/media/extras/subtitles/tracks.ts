import { languageOf } from '../../language.ts'
import type { Note, ProbedSubtitles } from '../../probe/probed.ts'

export interface Track {
  index: number
  /** BCP 47, and the name of the file: no two tracks of a film have the same. */
  language: string
}

/** Formats of text, which become WebVTT. Those of pictures (PGS, VobSub, DVB) would have to be read by a machine. */
const texts = new Set(['mov_text', 'subrip', 'srt', 'ass', 'ssa', 'webvtt', 'text'])

/** Decoders for these alone. */
export const textDecoders = [...texts]

/** More tracks than the languages of a film that is sold everywhere. */
const mostTracks = 40

export function planTracks(streams: ProbedSubtitles[]): { tracks: Track[]; notes: Note[] } {
  const taken = new Set<string>()
  const tracks: Track[] = []
  const notes: Note[] = []
  for (const stream of streams) {
    const named = `The subtitles of stream ${stream.index} (${stream.codec}, ${languageOf(stream.language)})`
    if (!texts.has(stream.codec)) {
      notes.push(skipped('not_text', `${named} are pictures, or of an unknown format, and were left out.`))
    } else if (tracks.length === mostTracks) {
      notes.push(skipped('too_many', `${named} were left out: a film has at most ${mostTracks} tracks.`))
    } else {
      tracks.push({ index: stream.index, language: unlike(taken, stream) })
    }
  }
  return { tracks, notes }
}

export const skipped = (reason: string, detail: string): Note => ({ about: 'subtitles', reason, detail })

/** Two tracks of a language are told apart in its private part: `en`, `en-x-forced`, `en-x-sdh`, `en-x-2`. */
function unlike(taken: Set<string>, { language, forced, hearing_impaired }: ProbedSubtitles) {
  const own = languageOf(language)
  const use = forced ? 'forced' : hearing_impaired ? 'sdh' : undefined
  const withPart = (tag: string, part: string) => `${tag}${tag.includes('-x-') ? '-' : '-x-'}${part}`
  const wanted = use ? withPart(own, use) : own
  let tag = wanted
  for (let number = 2; taken.has(tag.toLowerCase()); number++) tag = withPart(wanted, String(number))
  taken.add(tag.toLowerCase())
  return tag
}
