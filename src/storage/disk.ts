import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openWriter } from './writer.ts'

/** A file that has arrived but has no name yet: keep it or drop it. */
export interface Received {
  bytes: number
  sha256: string
  keep(key: string): Promise<void>
  drop(): Promise<void>
}

export interface Storage {
  root: string
  locate(key: string): string
  receive(stream: Readable): Promise<Received>
  /** Gives a finished folder its name; what was there by that name is replaced. */
  publish(from: string, to: string): Promise<void>
  remove(key: string): Promise<void>
  /** The names in a folder, with the time at which each was last written to; none when there is no folder. */
  list(key: string): Promise<{ name: string; changed: Date }[]>
  createFolder(key: string): Promise<string>
  close(): Promise<void>
}

export const incoming = 'incoming'

/** Keys are paths below DATA_DIR, made by us from ids and fixed names; nothing a user chose is ever part of one. */
export async function openStorage(root: string): Promise<Storage> {
  await mkdir(path.join(root, incoming), { recursive: true }).catch(error => {
    throw new Error(`DATA_DIR ${root} cannot be written to: ${error.message}`, { cause: error })
  })
  const writer = openWriter()

  function locate(key: string) {
    const file = path.join(root, key)
    // Belt and braces: a key that leaves the root is a bug of ours, and must not become a leak.
    if (!file.startsWith(root + path.sep)) throw new Error(`The key "${key}" leaves the storage`)
    return file
  }

  return {
    root,
    locate,

    /** Streams to the disk and never holds the file in memory; half a file never has a final name. */
    async receive(stream) {
      const part = locate(`${incoming}/${randomUUID()}.part`)
      const drop = () => rm(part, { force: true })
      const out = writer.create(part)
      try {
        await pipeline(stream, out)
      } catch (error) {
        await drop()
        throw error
      }
      return {
        bytes: out.bytes,
        sha256: out.sha256,
        async keep(key) {
          const file = locate(key)
          await mkdir(path.dirname(file), { recursive: true })
          await rename(part, file)
        },
        drop
      }
    },

    async publish(from, to) {
      await mkdir(path.dirname(locate(to)), { recursive: true })
      await rm(locate(to), { recursive: true, force: true })
      await rename(locate(from), locate(to))
    },

    async remove(key) {
      await rm(locate(key), { recursive: true, force: true })
    },

    async list(key) {
      const names = await readdir(locate(key)).catch(absent([] as string[]))
      const found = await Promise.all(
        names.map(async name => {
          const stats = await stat(path.join(locate(key), name)).catch(absent(undefined))
          return stats && { name, changed: stats.mtime }
        })
      )
      return found.filter(entry => entry !== undefined)
    },

    async createFolder(key) {
      await mkdir(locate(key), { recursive: true })
      return locate(key)
    },

    close: () => writer.close()
  }
}

function absent<T>(instead: T) {
  return (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return instead
    throw error
  }
}

/** True when there is no room: the disk, the quota or the file size limit is full, or Postgres' disk (53100). */
export function isFull(error: unknown) {
  return ['ENOSPC', 'EDQUOT', 'EFBIG', '53100'].includes((error as NodeJS.ErrnoException)?.code ?? '')
}
