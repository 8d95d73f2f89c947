import type { MediaTools } from '../binaries.ts'
import { decodes } from '../check/decodes.ts'
import { languageOf, nameOfLanguage } from '../language.ts'
import type { AudioTrack, Note, Probe, ProbedAudio } from '../probe/probed.ts'

/** Which audio tracks of a source its prints have. */
export type WantedTracks = 'first' | 'all'

/** Tracks of a print, the default one included: each costs an encode of sound and a row of a player's menu. */
const mostTracks = 8

/**
 * Seconds by which a track may begin after the picture or the default sound. ffmpeg holds the frames of the prints back
 * until each track has begun.
 */
const latest = 10

interface Choose {
  source: string
  tools: MediaTools
  signal?: AbortSignal | undefined
}

/**
 * The tracks beside the default one that the prints get, as facts of the source; and how players name all of them. Those
 * that cannot be decoded, or that begin far into the film, are left out, with a note.
 */
export async function chooseTracks(probe: Probe, wanted: WantedTracks, where: Choose): Promise<Probe> {
  const { audio, further } = probe
  if (!audio) return { ...probe, further: [], audio_tracks: [] }
  const taken: ProbedAudio[] = []
  const notes: Note[] = []
  for (const track of wanted === 'all' ? further : []) {
    const why = await whyNot(track, taken.length + 1, probe, where)
    if (why === undefined) taken.push(track)
    else notes.push({ about: 'audio', ...why })
  }
  return {
    ...probe,
    further: taken,
    audio_tracks: namesOf([audio, ...taken]),
    notes: [...probe.notes, ...notes]
  }
}

async function whyNot(track: ProbedAudio, taken: number, probe: Probe, { source, tools, signal }: Choose) {
  const named = `The audio track of stream ${track.index} (${track.codec}, ${languageOf(track.language)}) was left out`
  if (taken === mostTracks) return { reason: 'too_many', detail: `${named}: a film has at most ${mostTracks}.` }
  const late = track.begins === null ? Infinity : track.begins - probe.start_time
  if (late > latest) return { reason: 'late', detail: `${named}: it does not begin with the film.` }
  if (await decodes(source, track.index, { tools, signal })) return undefined
  return { reason: 'undecodable', detail: `${named}: it cannot be decoded.` }
}

/** Players show the names in a menu, so no two are the same. */
function namesOf(tracks: ProbedAudio[]): AudioTrack[] {
  const taken = new Set<string>()
  return tracks.map((track, at) => {
    const language = languageOf(track.language)
    const wanted = track.title ?? roleOf(track) ?? nameOfLanguage(language) ?? (at === 0 ? 'Default' : 'Audio')
    let name = wanted
    for (let number = 2; taken.has(name); number++) name = `${wanted} (${number})`
    taken.add(name)
    return { language, name, default: at === 0 }
  })
}

/** What a track is for, where it has no title. */
function roleOf({ role, language }: ProbedAudio) {
  return role === null ? undefined : `${nameOfLanguage(languageOf(language)) ?? 'Audio'} (${role})`
}

/** Names of the streams of audio tracks: of all of them, where there are several. */
export function tracksBeside(further: ProbedAudio[]) {
  return further.length === 0 ? [] : Array.from({ length: 1 + further.length }, (_, at) => `audio-${at + 1}`)
}
