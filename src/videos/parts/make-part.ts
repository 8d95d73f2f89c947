import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { reporting } from '#media/encode/report.ts'
import type { Track } from '#media/hls/boxes.ts'
import type { Segment } from '#media/hls/segments.ts'
import { type DevelopedPart, developPart, PartDoubtful } from '#media/parts/encode-part.ts'
import { makeSound, SoundDoubtful } from '#media/parts/sound.ts'
import { timeOf } from '#media/parts/split.ts'
import type { Encoding } from '#metrics/encoded.ts'
import type { Store } from '#storage/store.ts'
import type { Work } from '../make/make-set.ts'
import { passesOf } from '../make/passes.ts'
import { publishHls } from '../make/publish-hls.ts'
import { type FilmPlan, partKey, readPlan, soundKey } from './film-plan.ts'

export interface PartPlace {
  store: Store
  original: string
  workspace: string
  /** Prefix of the keys of the film's set. */
  folder: string
  /** Names the attempt at the part in all that it makes. */
  token: string
}

/** A part is made, or its film has to be made in one run. */
export type PartMade =
  | { made: string; rungs: { name: string; segments: number; bytes: number }[]; encoded?: Encoding[] }
  | { alone: string }

/** A segment as a later attempt reads it. */
export interface KeptSegment extends Omit<Segment, 'file' | 'init' | 'tracks'> {
  tracks: [number, Track][]
}

/** What the join has to know of a stretch of the picture. */
export interface KeptPart {
  frames: number
  setups: Record<string, string>
  segments: KeptSegment[]
}

/** Seconds of sound beyond the first stretch: the last packets of an encode lack what follows them. */
const beyond = 2

/** Makes one stretch of the picture, with its sound, and serves its segments as they are finished. */
export async function makePicture(
  place: PartPlace,
  number: number,
  sound: string | undefined,
  work: Work
): Promise<PartMade> {
  const { store, original, workspace, folder, token } = place
  const { tools, signal, progress, log } = work
  const film = await readPlan(store, folder)
  const { facts, plan, parts } = film
  const { prints } = plan
  await using opened = new AsyncDisposableStack()
  const publisher = publishHls({ store, folder, workspace, token, prints, probe: facts })
  const reports = reporting(prints, ({ fraction, ...detail }) => progress(Math.min(fraction ?? 0, 0.99), detail))
  await publisher.begin()
  try {
    const ofSound = await soundFor(place, film, number, sound, work, opened)
    const made: DevelopedPart[] = []
    const encoded: Encoding[] = []
    for (const pass of passesOf(prints)) {
      const since = performance.now()
      const developed = await developPart({
        ...{ source: original, probe: facts, prints: pass.prints, part: parts[number]!, sound: ofSound },
        ...{ directory: workspace, tools, signal },
        onProgress: ({ fraction, ...report }) =>
          reports.progress({ ...report, fraction: fraction === null ? null : pass.before + pass.share * fraction }),
        async onSegment(segment) {
          await publisher.add(segment)
          reports.served(segment)
        }
      })
      made.push(developed)
      encoded.push({ rungs: pass.prints.map(({ name }) => name), seconds: (performance.now() - since) / 1000 })
    }
    const segments = made.flatMap(({ segments }) => segments)
    const setups = Object.assign({}, ...made.map(({ setups }) => setups))
    const { frames } = made[0]!
    const kept: KeptPart = {
      frames,
      setups,
      segments: segments.map(({ file: _, init: __, tracks, ...segment }) => ({ ...segment, tracks: [...tracks] }))
    }
    const file = path.join(workspace, 'part.json')
    await writeFile(file, JSON.stringify(kept))
    await store.put(partKey(folder, token), file)
    return { made: token, rungs: prints.map(({ name }) => sumOf(name, segments)), encoded }
  } catch (error) {
    return aloneFor(error, log)
  }
}

function sumOf(name: string, segments: Segment[]) {
  const own = segments.filter(({ rung }) => rung === name)
  return { name, segments: own.length, bytes: own.reduce((sum, { bytes }) => sum + bytes, 0) }
}

/** The first stretch has the beginning of the sound for itself: it does not wait for all of it. */
async function soundFor(
  { store, original, workspace, folder }: PartPlace,
  { facts, parts }: FilmPlan,
  number: number,
  sound: string | undefined,
  { tools, signal }: Work,
  opened: AsyncDisposableStack
) {
  if (!facts.audio) return undefined
  if (number > 0) {
    const { path: file, release } = await store.borrow(soundKey(folder, sound!))
    opened.defer(release)
    return file
  }
  const file = path.join(workspace, 'sound.part.m4a')
  const seconds = timeOf(parts[0]!.frames!, facts.video!.fps) + beyond
  // The other tracks join the film at its end.
  const probe = { ...facts, further: [] }
  await makeSound({ source: original, probe, file, directory: workspace, seconds, tools, signal })
  return file
}

/** Encodes the sound of the whole film, once. */
export async function makeSoundPart(place: PartPlace, { tools, signal, progress, log }: Work): Promise<PartMade> {
  const { store, original, workspace, folder, token } = place
  const { facts } = await readPlan(store, folder)
  const file = path.join(workspace, 'sound.part.m4a')
  try {
    const onProgress = (fraction: number) => progress(fraction, { phase: 'encoding' })
    await makeSound({ source: original, probe: facts, file, directory: workspace, tools, signal, onProgress })
  } catch (error) {
    return aloneFor(error, log)
  }
  await store.put(soundKey(folder, token), file)
  return { made: token, rungs: [] }
}

/** What parts cannot do, a single run can; and it judges a damaged film as a whole. */
export function aloneFor(error: unknown, log: (line: string) => void): { alone: string } {
  if (!(error instanceof PartDoubtful || error instanceof SoundDoubtful)) throw error
  log(error.message)
  return { alone: error.message }
}
