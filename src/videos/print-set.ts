import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { Made } from '#media/develop.ts'
import type { Extra } from '#media/extras/extra.ts'
import type { Skipped } from '#media/plan/ladder.ts'
import type { Probe } from '#media/probe/probed.ts'
import { NotStored, type Store } from '#storage/store.ts'

/** What an attempt made of a film. */
export interface PrintSet {
  renditions: Made[]
  skipped: Skipped[]
  extras: Extra[]
  probe: Probe
}

interface Described extends PrintSet {
  recipe: number
  /** Of the original. */
  sha256: string
}

/** Number of the way in which prints are made: to be raised when the same film gives other prints. */
const recipe = 3

// Beside the files of the set; no route serves it.
const description = 'set.json'

interface Keep {
  store: Store
  /** Where the attempt worked: the files, and the original. */
  workspace: string
  original: string
  /** The prefix of the set's keys. */
  folder: string
  signal: AbortSignal
}

/** Moves the prints into the store, and says beside them of which bytes they are. */
export async function keepSet({ store, workspace, original, folder, signal }: Keep, set: PrintSet) {
  const described: Described = { recipe, sha256: await hashOf(original, signal), ...set }
  await writeFile(path.join(workspace, description), JSON.stringify(described))
  for (const file of filesOf(set)) {
    await store.put(`${folder}/${file}`, path.join(workspace, file))
  }
}

interface Reuse {
  store: Store
  original: string
  /** Prefixes of keys. */
  from: string
  folder: string
  signal: AbortSignal
}

/**
 * Takes the prints of another film with the same bytes, by keys of their own: each film can be deleted without the
 * other. Undefined where there are none, or where they were made of other bytes or in another way.
 */
export async function reuseSet({ store, original, from, folder, signal }: Reuse): Promise<PrintSet | undefined> {
  try {
    const set: Described = JSON.parse(await text(await store.open(`${from}/${description}`)))
    if (set.recipe !== recipe || set.sha256 !== (await hashOf(original, signal))) return undefined
    for (const file of filesOf(set)) {
      await store.copy(`${from}/${file}`, `${folder}/${file}`)
    }
    const { renditions, skipped, extras, probe } = set
    return { renditions, skipped, extras, probe }
  } catch (error) {
    // The other film is being deleted, or a power failure has left half a description: puts are not synced.
    if (!(error instanceof NotStored) && !(error instanceof SyntaxError)) throw error
    await store.remove(folder)
    return undefined
  }
}

/** The description last: where it is, the others are. */
const filesOf = ({ renditions, extras }: PrintSet) => [
  ...renditions.map(({ file }) => file),
  ...extras.map(({ name }) => name),
  description
]

async function hashOf(file: string, signal: AbortSignal) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash, { signal })
  return hash.digest('hex')
}
