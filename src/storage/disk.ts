import { chmod, mkdir, open, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { entryAt, fileMode, filesBelow, folderMode, isMissing, linkFile, moveFile, removeEmpty } from './files.ts'
import { incomingIn } from './incoming.ts'
import { isAway, isFull } from './outage.ts'
import { partsOn } from './parts.ts'
import { type AppendOptions, installationKey, NotStored, type Store, StoreAway, type Stored } from './store.ts'
import { syncFolders } from './sync.ts'
import { openWriter } from './writer.ts'

const folderOfIncoming = 'incoming'
const folderOfParts = 'uploads'

/**
 * A store in a local folder. Keys are paths below it, made by us from ids and fixed names; no part of a key comes from
 * a user.
 */
export class DiskStore implements Store {
  readonly place: string
  readonly isFull = isFull
  readonly isAway = isAway
  readonly #writer = openWriter()
  readonly #incoming
  readonly #parts
  readonly #receiving = new Set<Promise<unknown>>()

  constructor(root: string) {
    this.place = root
    this.#incoming = incomingIn(this.#locate(folderOfIncoming), this.#writer)
    this.#parts = partsOn({
      writer: this.#writer,
      fileOf: key => this.#locate(key),
      partOf: key => this.#locate(`${folderOfParts}/${nameOf(key)}`),
      explain: (key, error) => this.#explain(key, error)
    })
  }

  async prepare() {
    try {
      // The root keeps the usual mode: the embedded Postgres, which runs as another user, is below it.
      await mkdir(this.place, { recursive: true })
      for (const folder of [folderOfIncoming, folderOfParts]) {
        await mkdir(this.#locate(folder), { recursive: true, mode: folderMode })
      }
    } catch (error) {
      throw new Error(`DATA_DIR ${this.place} cannot be written to: ${(error as Error).message}`, { cause: error })
    }
  }

  async receive(key: string, stream: Readable) {
    this.#locate(key)
    const { file, ...received } = await this.#untilStop(this.#incoming.receive(stream))
    return { ...received, keep: () => this.#keep(file, key) }
  }

  append(key: string, chunks: AsyncIterable<Uint8Array>, options: AppendOptions) {
    return this.#untilStop(this.#parts.append(key, chunks, options))
  }

  async complete(key: string, appended: { bytes: number; sha256: string | undefined }) {
    const { file, sha256 } = await this.#untilStop(this.#parts.complete(key, appended))
    return { bytes: appended.bytes, sha256, keep: () => this.#keep(file, key), drop: () => rm(file, { force: true }) }
  }

  discard(key: string) {
    return this.#parts.discard(key)
  }

  async *appended() {
    for await (const { key, ...stored } of filesBelow(this.#locate(folderOfParts), folderOfParts)) {
      yield { ...stored, key: keyOf(path.basename(key)) }
    }
  }

  async put(key: string, file: string) {
    await chmod(file, fileMode)
    await moveFile(file, this.#locate(key))
  }

  async copy(from: string, to: string) {
    await linkFile(this.#locate(from), this.#locate(to)).catch(error => this.#explain(from, error))
  }

  async borrow(key: string) {
    const file = this.#locate(key)
    await stat(file).catch(error => this.#explain(key, error))
    return { path: file, async release() {} }
  }

  async open(key: string, range?: { start: number; end: number }) {
    const file = await open(this.#locate(key)).catch(error => this.#explain(key, error))
    return file.createReadStream(range)
  }

  async stat(key: string): Promise<Stored | undefined> {
    const found = await entryAt(this.#locate(key), key)
    if (!found && key !== installationKey) await this.#mustBeThere()
    return found
  }

  list(prefix: string) {
    return filesBelow(this.#locate(prefix), prefix)
  }

  async remove(prefix: string) {
    await rm(this.#locate(prefix), { recursive: true, force: true })
    // An object store has no empty folders, so neither has this one.
    for (let parent = path.dirname(prefix); parent.includes('/'); parent = path.dirname(parent)) {
      if (!(await removeEmpty(this.#locate(parent)))) break
    }
  }

  unfinished(before: Date) {
    return this.#incoming.unfinished(before)
  }

  /** An upload that was cut leaves no part behind. */
  async close() {
    await Promise.allSettled(this.#receiving)
    await this.#writer.close()
  }

  #locate(key: string) {
    const file = path.join(this.place, key)
    // Defence in depth: a key that leaves the root is a bug of ours, and must not become a leak.
    if (!file.startsWith(this.place + path.sep)) throw new Error(`The key "${key}" leaves the storage`)
    return file
  }

  /** Makes a complete file available, and lets the folders that name it survive a power failure. */
  async #keep(part: string, key: string) {
    await moveFile(part, this.#locate(key))
    await syncFolders(path.dirname(this.#locate(key)), this.place)
  }

  async #untilStop<T>(work: Promise<T>) {
    this.#receiving.add(work)
    return work.finally(() => this.#receiving.delete(work))
  }

  /** A missing file proves nothing about the file unless the rest of the store is there. */
  async #mustBeThere(cause?: unknown) {
    if (await entryAt(this.#locate(installationKey), installationKey)) return
    throw new StoreAway(
      `DATA_DIR ${this.place} has no file "${installationKey}": its volume is not mounted, or was emptied`,
      { cause }
    )
  }

  /** Tells a missing file from a missing store after a failed open. */
  async #explain(key: string, error: NodeJS.ErrnoException): Promise<never> {
    if (!isMissing(error)) throw error
    await this.#mustBeThere(error)
    throw new NotStored(key, { cause: error })
  }
}

// No part of a key has a "~".
function nameOf(key: string) {
  return key.replaceAll('/', '~')
}

function keyOf(name: string) {
  return name.replaceAll('~', '/')
}
