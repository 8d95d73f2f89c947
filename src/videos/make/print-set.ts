import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { Made } from '#media/develop.ts'
import type { Extra } from '#media/extras/extra.ts'
import type { Variant } from '#media/hls/playlist.ts'
import type { Skipped } from '#media/plan/ladder.ts'
import type { Probe } from '#media/probe/probed.ts'
import { NotStored, type Store } from '#storage/store.ts'
import { isSameStyle, type Style } from '../style.ts'

/** What an attempt made of a film. */
export interface PrintSet {
  renditions: Made[]
  skipped: Skipped[]
  extras: Extra[]
  probe: Probe
  /** Whether there are streams beside the prints. */
  hls: boolean
}

export type Grid = 'usual' | 'source'

interface Described extends PrintSet {
  /** Where its segments begin: beside a copied print, at keyframes of the source. */
  grid: Grid
  /** The rungs that it was made for. */
  rungs: string[]
  /** In which all of them were made; null where they were made in several. */
  style: Style | null
  variants: Variant[]
  /** Files of its streams, below the prefix of the set. */
  streams: string[]
  recipe: number
  /** Of the original. */
  sha256: string
}

/** Number of the way in which prints are made: to be raised when the same film gives other prints. */
const recipe = 4

// Beside the files of the set; no route serves it.
const description = 'set.json'

export interface Streams {
  /** Keys below the prefix of the set. */
  files: string[]
  variants: Variant[]
}

interface Keep {
  store: Store
  /** Where the attempt worked. */
  workspace: string
  /** Of the original. */
  sha256: string
  /** The prefix of the set's keys. */
  folder: string
  /** What its publisher has put into the store. */
  streams: Streams
  rungs: string[]
  grid: Grid
  style: Style | null
  /** Names of prints that are in the store already. */
  carried: string[]
}

/** Moves the prints into the store, and says beside them of which bytes they are. */
export async function keepSet(
  { store, workspace, sha256, folder, streams, rungs, grid, style, carried }: Keep,
  set: PrintSet
) {
  const described: Described = {
    recipe,
    sha256,
    rungs,
    grid,
    style,
    streams: streams.files,
    variants: streams.variants,
    ...set
  }
  await writeFile(path.join(workspace, description), JSON.stringify(described))
  const made = set.renditions.filter(({ name }) => !carried.includes(name)).map(({ file }) => file)
  const extras = set.extras.filter(({ name }) => !carried.includes(name)).map(({ name }) => name)
  // The description last: where it is, the others are.
  for (const file of [...made, ...extras, description]) {
    await store.put(`${folder}/${file}`, path.join(workspace, file))
  }
}

interface Reuse {
  store: Store
  original: string
  /** Prefixes of keys. */
  from: string
  folder: string
  rungs: string[]
  style: Style
  signal: AbortSignal
}

/**
 * Takes the prints of another film with the same bytes, by keys of their own: each film can be deleted without the
 * other. Undefined where there are none, or where they were made of other bytes or in another way.
 */
export async function reuseSet({
  store,
  original,
  from,
  folder,
  rungs,
  style,
  signal
}: Reuse): Promise<PrintSet | undefined> {
  try {
    const set: Described = JSON.parse(await text(await store.open(`${from}/${description}`)))
    if (set.recipe !== recipe || set.rungs.join() !== rungs.join() || !isSameStyle(set.style, style)) return undefined
    if (set.sha256 !== (await hashOf(original, signal))) return undefined
    const { renditions, skipped, extras, probe, hls } = set
    const files = [...renditions.map(({ file }) => file), ...extras.map(({ name }) => name), ...set.streams]
    for (const file of [...files, description]) await store.copy(`${from}/${file}`, `${folder}/${file}`)
    return { renditions, skipped, extras, probe, hls }
  } catch (error) {
    // The other film is being deleted, or a power failure has left half a description: puts are not synced.
    if (!(error instanceof NotStored) && !(error instanceof SyntaxError)) throw error
    await store.remove(folder)
    return undefined
  }
}

export interface Carried extends Streams {
  renditions: Made[]
  extras: Extra[]
  /** What could not be made beside the prints. */
  notes: Probe['notes']
  rungs: string[]
}

export const nothingCarried: Carried = { renditions: [], extras: [], notes: [], rungs: [], files: [], variants: [] }

/** What is known of a set; undefined where it is gone, or was made in another way. */
export async function describedAt(store: Store, from: string): Promise<Described | undefined> {
  const described = await store.open(`${from}/${description}`).then(text, orNone)
  const set: Described | undefined = described && JSON.parse(described)
  return set?.recipe === recipe ? set : undefined
}

interface Carry {
  store: Store
  /** The film's own set. */
  set: Described
  /** Prefixes of keys: of that set, and of the one that replaces it. */
  from: string
  folder: string
  /** Prints that the attempt has made itself. */
  except: string[]
}

/** Takes over the other prints of the film's own set, their streams, and its pictures and subtitles. */
export async function carrySet({ store, set, from, folder, except }: Carry): Promise<Carried> {
  const renditions = set.renditions.filter(({ name }) => !except.includes(name))
  const variants = set.variants.filter(({ rung }) => !except.includes(rung))
  const files = set.streams.filter(file => variants.some(({ rung }) => file.startsWith(`hls/${rung}/`)))
  const { extras, rungs, probe } = set
  for (const file of [...renditions.map(({ file }) => file), ...extras.map(({ name }) => name), ...files]) {
    await store.copy(`${from}/${file}`, `${folder}/${file}`)
  }
  return { renditions, extras, notes: probe.notes, rungs, files, variants }
}

function orNone(error: unknown): undefined {
  if (!(error instanceof NotStored)) throw error
}

export async function hashOf(file: string, signal: AbortSignal) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash, { signal })
  return hash.digest('hex')
}

/** Beside a copied print segments begin at the keyframes of the source. */
export function gridOf(made: Made[]): Grid {
  return made.some(({ copied }) => copied) ? 'source' : 'usual'
}
