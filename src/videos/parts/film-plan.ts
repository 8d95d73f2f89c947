import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import type { MediaTools } from '#media/binaries.ts'
import { whyNotSought, whyOneRun } from '#media/parts/qualify.ts'
import { lengthsIn, lengthsVariable, type Part, splitFilm } from '#media/parts/split.ts'
import type { Plan } from '#media/plan/ladder.ts'
import type { Probe } from '#media/probe/probed.ts'
import { readVersion } from '#media/version.ts'
import type { Store } from '#storage/store.ts'
import type { Place, Survey, Wishes } from '../make/make-set.ts'
import type { Style } from '../style.ts'

/** What is to be made of a film, and in which parts; its parts read it from the store. */
export interface FilmPlan {
  facts: Probe
  plan: Plan
  parts: Part[]
  rungs: string[]
  only: string[] | null
  style: Style
  /** Prefix of the keys of the film's present set, where some of its prints are made again. */
  before: string | null
  /** Parts of two encoders are not joined. */
  encoder: string
}

/** What the film's task leaves to its parts. */
export interface Handed {
  plan: string
  seconds: number
  frames: number[]
  sound: boolean
}

/** Below the prefix of a set; removed when its parts are joined. */
export const partsIn = (folder: string) => `${folder}/parts`
const planKey = (folder: string) => `${partsIn(folder)}/plan.json`
export const soundKey = (folder: string, token: string) => `${partsIn(folder)}/${token}-sound.m4a`
export const partKey = (folder: string, token: string) => `${partsIn(folder)}/${token}.json`

interface Looking {
  tools: MediaTools
  signal: AbortSignal
  log(line: string): void
}

/** Plans the parts of a film and puts the plan into the store. Undefined where the film is made in one run. */
export async function planParts(
  { store, original, folder, workspace, before }: Place,
  { rungs, only, style }: Pick<Wishes, 'rungs' | 'only' | 'style'>,
  { facts, plan, own }: Survey,
  { tools, signal, log }: Looking
): Promise<Handed | undefined> {
  const lengths = lengthsIn(process.env[lengthsVariable])
  const { video, audio } = facts
  const why =
    own?.grid === 'source' ? 'its segments have to fit those that are there' : whyOneRun(facts, plan.prints, lengths)
  if (why !== undefined || !video?.duration) return undefined
  const parts = splitFilm(video.duration, video.fps, lengths)
  const unsought = await whyNotSought(parts, { source: original, probe: facts, tools, signal })
  if (unsought !== undefined) {
    log(`made in one run: ${unsought}`)
    return undefined
  }
  const { version } = await readVersion(tools.ffmpeg)
  const film: FilmPlan = {
    ...{ facts, plan, parts, rungs, only: only ?? null, style },
    ...{ before: before ?? null, encoder: version }
  }
  const json = JSON.stringify(film)
  const file = path.join(workspace, 'plan.json')
  await writeFile(file, json)
  await store.put(planKey(folder), file)
  log(`made in ${parts.length} parts`)
  const all = Math.round(video.duration * video.fps)
  return {
    plan: createHash('sha256').update(json).digest('hex'),
    seconds: video.duration,
    frames: parts.map(({ from, frames }) => frames ?? Math.max(1, all - from)),
    sound: audio !== null
  }
}

export async function readPlan(store: Store, folder: string): Promise<FilmPlan> {
  return JSON.parse(await text(await store.open(planKey(folder))))
}
