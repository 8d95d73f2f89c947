import { constants, type Dirent } from 'node:fs'
import { copyFile, link, mkdir, open, opendir, rename, rm, rmdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Stored } from './store.ts'

// Other accounts of the host must not read users' films. ffmpeg runs as the worker's user.
export const folderMode = 0o700
export const fileMode = 0o600

// Of other file systems, of FAT, and where a file has its most links.
const cannotLink = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'])

/** `rename` would overwrite, so an empty file, created only if none exists, reserves the name. */
export async function moveFile(from: string, to: string) {
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

/** A second name of the same bytes; where the file system has no links, a copy. Fails where the name is taken. */
export async function linkFile(from: string, to: string) {
  await mkdir(path.dirname(to), { recursive: true, mode: folderMode })
  await link(from, to).catch(error => {
    if (!cannotLink.has(error.code)) throw error
    return copyFile(from, to, constants.COPYFILE_EXCL)
  })
}

export async function entryAt(file: string, key: string): Promise<Stored | undefined> {
  const stats = await stat(file).catch(absent)
  return stats?.isFile() ? { key, bytes: stats.size, changed: stats.mtime } : undefined
}

/** Reads folders piece by piece; files that are removed meanwhile are left out. */
export async function* filesBelow(folder: string, prefix: string): AsyncGenerator<Stored> {
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

export function isMissing({ code }: NodeJS.ErrnoException) {
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG'
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (!isMissing(error)) throw error
}

/** Whether an empty folder was removed, or missing. */
export const removeEmpty = (folder: string) => rmdir(folder).then(() => true, isNotEmpty)

function isNotEmpty(error: NodeJS.ErrnoException) {
  if (error.code === 'ENOENT') return true
  if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false
  throw error
}
