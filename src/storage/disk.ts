import { randomUUID } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { chmod, mkdir, open, opendir, rename, rm, rmdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isAway, isFull } from './outage.ts'
import { partsOn } from './parts.ts'
import { installationKey, NotStored, type Store, StoreAway, type Stored, type Unfinished } from './store.ts'
import { syncAlong, syncFile, syncFolders } from './sync.ts'
import { openWriter } from './writer.ts'

const incoming = 'incoming'
const folderOfParts = 'uploads'

// Other accounts of the host must not read users' films. ffmpeg runs as the worker's user.
const folderMode = 0o700
const fileMode = 0o600

/**
 * A store in a local folder. Keys are paths below it, made by us from ids and fixed names; no part of a key comes from
 * a user.
 */
export function openDiskStore(root: string): Store {
  const writer = openWriter()
  const receiving = new Set<Promise<unknown>>()

  function locate(key: string) {
    const file = path.join(root, key)
    // Defence in depth: a key that leaves the root is a bug of ours, and must not become a leak.
    if (!file.startsWith(root + path.sep)) throw new Error(`The key "${key}" leaves the storage`)
    return file
  }

  /** A missing file proves nothing about the file unless the rest of the store is there. */
  async function mustBeThere(cause?: unknown) {
    if (await entryAt(locate(installationKey), installationKey)) return
    throw new StoreAway(
      `DATA_DIR ${root} has no file "${installationKey}": its volume is not mounted, or was emptied`,
      { cause }
    )
  }

  /** Tells a missing file from a missing store after a failed open. */
  async function explain(key: string, error: NodeJS.ErrnoException): Promise<never> {
    if (!isMissing(error)) throw error
    await mustBeThere(error)
    throw new NotStored(key, { cause: error })
  }

  // No part of a key has a "~".
  const parts = partsOn({ writer, fileOf: locate, partOf: key => locate(`${folderOfParts}/${nameOf(key)}`), explain })

  async function received<T>(work: Promise<T>) {
    receiving.add(work)
    return work.finally(() => receiving.delete(work))
  }

  /** Makes a complete file available, and lets the folders that name it survive a power failure. */
  async function keep(part: string, key: string) {
    await move(part, locate(key))
    await syncFolders(path.dirname(locate(key)), root)
  }

  return {
    place: root,

    async prepare() {
      // The root keeps the usual mode: the embedded Postgres, which runs as another user, is below it.
      await mkdir(root, { recursive: true })
        .then(() => mkdir(locate(incoming), { recursive: true, mode: folderMode }))
        .then(() => mkdir(locate(folderOfParts), { recursive: true, mode: folderMode }))
        .catch(error => {
          throw new Error(`DATA_DIR ${root} cannot be written to: ${error.message}`, { cause: error })
        })
    },

    /** Streams to the disk: the file is never in memory as a whole, and an incomplete file never has its key. */
    async receive(key, stream) {
      const part = locate(`${incoming}/${randomUUID()}.part`)
      locate(key)
      const drop = () => rm(part, { force: true })
      const out = writer.create(part)
      const along = syncAlong(out, { sync: () => syncFile(part) })
      const written = pipeline(stream, out)
        .then(along.settled)
        .then(() => syncFile(part))
      // A stop waits for the removal, too.
      const whole = written.catch(async error => {
        await drop()
        throw error
      })
      await received(whole)
      return { bytes: out.bytes, sha256: out.sha256!, keep: () => keep(part, key), drop }
    },

    append: (key, chunks, options) => received(parts.append(key, chunks, options)),

    async complete(key, appended) {
      const { file, sha256 } = await received(parts.complete(key, appended))
      return { bytes: appended.bytes, sha256, keep: () => keep(file, key), drop: () => rm(file, { force: true }) }
    },

    discard: key => parts.discard(key),

    async *appended() {
      for await (const { key, ...stored } of filesBelow(locate(folderOfParts), folderOfParts)) {
        yield { ...stored, key: keyOf(path.basename(key)) }
      }
    },

    async put(key, file) {
      await chmod(file, fileMode)
      await move(file, locate(key))
    },

    async borrow(key) {
      const file = locate(key)
      await stat(file).catch(error => explain(key, error))
      return { path: file, async release() {} }
    },

    async open(key, range) {
      const file = await open(locate(key)).catch(error => explain(key, error))
      return file.createReadStream(range)
    },

    async stat(key) {
      const found = await entryAt(locate(key), key)
      if (!found && key !== installationKey) await mustBeThere()
      return found
    },

    list: prefix => filesBelow(locate(prefix), prefix),

    async remove(prefix) {
      await rm(locate(prefix), { recursive: true, force: true })
      // An object store has no empty folders, so neither has this one.
      for (let parent = path.dirname(prefix); parent.includes('/'); parent = path.dirname(parent)) {
        if (!(await rmdir(locate(parent)).then(() => true, isNotEmpty))) break
      }
    },

    async *unfinished(before): AsyncIterable<Unfinished> {
      for await (const { key, changed } of filesBelow(locate(incoming), incoming)) {
        if (changed <= before) yield { changed, drop: () => rm(locate(key), { force: true }) }
      }
    },

    isFull,
    isAway,
    /** An upload that was cut leaves no part behind. */
    async close() {
      await Promise.allSettled(receiving)
      await writer.close()
    }
  }
}

function nameOf(key: string) {
  return key.replaceAll('/', '~')
}

function keyOf(name: string) {
  return name.replaceAll('~', '/')
}

/** `rename` would overwrite, so an empty file, created only if none exists, reserves the name. */
async function move(from: string, to: string) {
  await mkdir(path.dirname(to), { recursive: true, mode: folderMode })
  const reserved = await open(to, 'wx', fileMode)
  await reserved.close()
  try {
    await rename(from, to)
  } catch (error) {
    await rm(to, { force: true })
    throw error
  }
}

async function entryAt(file: string, key: string): Promise<Stored | undefined> {
  const stats = await stat(file).catch(absent)
  return stats?.isFile() ? { key, bytes: stats.size, changed: stats.mtime } : undefined
}

/** Reads folders piece by piece; files that are removed meanwhile are left out. */
async function* filesBelow(folder: string, prefix: string): AsyncGenerator<Stored> {
  const opened = await opendir(folder).catch(absent)
  if (!opened) return
  for await (const { name, ...entry } of entriesOf(opened)) {
    const [file, key] = [path.join(folder, name), `${prefix}/${name}`]
    if (entry.isFolder) yield* filesBelow(file, key)
    else {
      const found = await entryAt(file, key)
      if (found) yield found
    }
  }
}

async function* entriesOf(folder: AsyncIterable<Dirent>) {
  for await (const entry of folder) yield { name: entry.name, isFolder: entry.isDirectory() }
}

function isMissing({ code }: NodeJS.ErrnoException) {
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG'
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (!isMissing(error)) throw error
}

function isNotEmpty(error: NodeJS.ErrnoException) {
  if (error.code === 'ENOENT') return true
  if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false
  throw error
}
