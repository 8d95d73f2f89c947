import type { MediaTools } from '#media/binaries.ts'
import type { Made } from '#media/develop.ts'
import { filtersOf } from '#media/encode/filters-of.ts'
import { measureLoudness } from '#media/encode/loudness.ts'
import type { Extras } from '#media/extras/extra.ts'
import { makeExtras } from '#media/extras/make.ts'
import { chooseTracks } from '#media/plan/audio-tracks.ts'
import { type Budget, refuseExcess } from '#media/plan/budget.ts'
import { byCodec } from '#media/plan/codecs.ts'
import { type Plan, planPrints } from '#media/plan/ladder.ts'
import { probe } from '#media/probe/probe.ts'
import type { Damage, Note, Probe, ProbedAudio } from '#media/probe/probed.ts'
import { limitSpace } from '#media/space.ts'
import { together } from '#media/together.ts'
import type { Encoding } from '#metrics/encoded.ts'
import type { Store } from '#storage/store.ts'
import { GiveUp } from '#tasks/define.ts'
import { isSameStyle, type Style } from '../style.ts'
import { developInPasses } from './passes.ts'
import {
  carrySet,
  describedAt,
  gridOf,
  hashOf,
  keepSet,
  nothingCarried,
  type PrintSet,
  type Streams
} from './print-set.ts'
import { publishHls } from './publish-hls.ts'

export interface Place {
  store: Store
  /** Paths of the film and of the attempt's own folder. */
  original: string
  workspace: string
  /** Prefixes of keys: of the set, and of the film's present set where the task makes some of its prints again. */
  folder: string
  before: string | undefined
  /** Names the attempt in the files of its streams. */
  token: string
}

export interface Wishes {
  /** Names of the prints that films get. */
  rungs: string[]
  /** Those that are asked for this time. */
  only: string[] | undefined
  style: Style
  budget: Budget
}

export interface Work {
  tools: MediaTools
  signal: AbortSignal
  progress(fraction: number, detail: unknown): void
  log(line: string): void
}

/** What an attempt knows of a film before it makes anything. */
export interface Survey {
  facts: Probe
  plan: Plan
  /** The film's present set, where some of its prints are made again. */
  own: Awaited<ReturnType<typeof describedAt>>
}

/** Looks at a film and plans its prints. Throws where it may not or need not be made. */
export async function surveyFilm(
  { store, original, before }: Pick<Place, 'store' | 'original' | 'before'>,
  { rungs, only, style, budget }: Wishes,
  { tools, signal, progress, log }: Work
): Promise<Survey> {
  progress(0, { phase: 'probing' })
  // The encode needs to know the filters: asked here, once a process, that takes no time of its own.
  const [found] = await together(
    signal,
    signal => probe(original, { tools, signal }),
    () => filtersOf(tools.ffmpeg)
  )
  const facts = await chooseTracks(found, style.audio_tracks, { source: original, tools, signal })
  const plan = planPrints(facts, { rungs, only, codecs: style.codecs, profile: style.profile })
  if (plan.prints.length === 0) throw nothingToMake(plan)
  refuseExcess(facts, plan.prints, budget)
  for (const audio of soundsIn(facts)) await chooseGain(original, audio, facts, style, { tools, signal, log })
  return { facts, plan, own: before === undefined ? undefined : await describedAt(store, before) }
}

/** Makes what belongs to a film in one run, and puts it into the store: prints, streams, pictures and subtitles. */
export async function makeSet(
  place: Place,
  wishes: Wishes,
  work: Work,
  survey: Survey
): Promise<PrintSet & { encoded: Encoding[] }> {
  const { store, original, folder, workspace, token } = place
  const { tools, progress, log } = work
  using space = limitSpace(workspace, wishes.budget.temporaryBytes, work.signal)
  const { signal } = space
  const { facts, plan, own } = survey
  const publisher = publishHls({ store, folder, workspace, token, prints: plan.prints, probe: facts })
  const [{ made, streams, damage, extras, encoded }, sha256] = await together(
    signal,
    signal =>
      developInPasses({
        source: original,
        probe: facts,
        directory: workspace,
        tools,
        signal,
        prints: plan.prints,
        publisher,
        extras: !own?.extras.length,
        grid: own?.grid,
        onNote: log,
        // The store follows; the end of the task makes it 1.
        onProgress: ({ fraction, ...detail }) => progress(Math.min(fraction ?? 0, 0.99), detail)
      }),
    signal => hashOf(original, signal)
  )
  const set = await finishSet(
    place,
    wishes,
    { ...work, signal },
    {
      survey,
      made,
      damage,
      extras,
      sha256,
      hls: streams.length > 0,
      publish: async kept => (streams.length > 0 ? publisher.finish(kept) : { files: [], variants: [] })
    }
  )
  return { ...set, encoded }
}

interface Finish {
  survey: Survey
  /** The prints, in the workspace. */
  made: Made[]
  damage: Damage | null
  /** Null: they are kept from the film's present set, or are still to be made. */
  extras: Extras | null
  /** Of the original. */
  sha256: string
  hls: boolean
  /** Writes the playlists of the streams, which are in the store; they also name the streams that are kept. */
  publish(kept: Streams): Promise<Streams>
}

/** Everything after the prints: what is kept of the film's present set, playlists, the description. */
export async function finishSet(
  { store, original, folder, workspace, before }: Place,
  { rungs, only, style }: Pick<Wishes, 'rungs' | 'only' | 'style'>,
  { tools, signal, log }: Pick<Work, 'tools' | 'signal' | 'log'>,
  { survey: { facts, plan, own }, made, damage, hls, publish, sha256, ...done }: Finish
): Promise<PrintSet> {
  const except = plan.prints.map(({ name }) => name)
  const kept = own && before ? await carrySet({ store, set: own, from: before, folder, except }) : nothingCarried
  const all = await publish(kept)
  const around = { source: original, probe: facts, directory: workspace, tools, signal }
  const { extras, notes } =
    kept.extras.length > 0 ? kept : (done.extras ?? (await makeExtras({ ...around, made: ofFirstCodec(made, plan) })))
  for (const { detail } of notes) log(detail)
  const renditions = [...made, ...kept.renditions]
  const skipped = plan.skipped.filter(({ name }) => renditions.every(print => print.name !== name))
  const about = describedFacts(facts, { damage, notes, sound: made.some(({ audio_codec }) => audio_codec !== null) })
  const set = { renditions, skipped, extras, probe: about, hls }
  const carried = [...kept.renditions, ...kept.extras].map(({ name }) => name)
  const madeFor = only ? [...new Set([...kept.rungs, ...only])] : rungs
  const grid = own?.grid ?? gridOf(made)
  const way = { rungs: madeFor, grid, style: own && !isSameStyle(own.style, style) ? null : style }
  await keepSet({ store, workspace, sha256, folder, streams: all, ...way, carried }, set)
  return set
}

/** Pictures are made of those that take the least to decode. */
function ofFirstCodec(made: Made[], { prints }: Plan) {
  const [first] = byCodec(prints)
  return made.filter(({ name }) => first!.some(print => print.name === name))
}

/** What is said of the original beside the prints. Sound that turned out to be undecodable is in none of them. */
function describedFacts(
  facts: Probe,
  { damage, notes, sound }: { damage: Damage | null; notes: Note[]; sound: boolean }
): Probe {
  // Those of tracks are of this attempt; notes of pictures and subtitles may be kept from an earlier one.
  const others = notes.filter(({ about }) => about !== 'audio')
  const tracks = sound ? {} : { further: [], audio_tracks: [] }
  return { ...facts, ...tracks, damage, notes: [...facts.notes, ...others] }
}

const soundsIn = ({ audio, further }: Probe) => (audio ? [audio, ...further] : [])

/** One gain for the whole of a track, where a loudness was asked for: the encoder finds it with the facts of the track. */
async function chooseGain(
  original: string,
  audio: ProbedAudio,
  { audio: first, duration }: Probe,
  { loudness }: Style,
  { tools, signal, log }: Pick<Work, 'tools' | 'signal' | 'log'>
) {
  if (loudness === null) return
  audio.loudness = await measureLoudness(original, audio, { tools, signal, target: loudness, duration })
  const { lufs, peak, gain } = audio.loudness ?? {}
  const which = audio === first ? 'the sound' : `the audio track of stream ${audio.index}`
  log(
    audio.loudness
      ? `${which} has ${lufs} LUFS with peaks of ${peak} dBTP: changed by ${gain} dB`
      : `the loudness of ${which} cannot be measured: left as it is`
  )
}

function nothingToMake({ skipped }: Plan) {
  const reasons = skipped.map(({ name, detail }) => `${name}: ${detail}`).join('; ')
  return new GiveUp(`None of the prints that were asked for can be made (${reasons})`, 'NothingToMake')
}
