import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'

/** A local folder for one attempt, where ffmpeg works: created and removed as a whole. */
export interface Workspace {
  path: string
  remove(): Promise<void>
}

export interface Workspaces {
  /** Opens an empty folder; the leftovers of an earlier try under that name are removed. */
  open(name: string): Promise<Workspace>
  list(): Promise<{ name: string; changed: Date }[]>
  remove(name: string): Promise<void>
}

/**
 * On the worker's disk, whatever the store: ffmpeg needs paths and seeks. Below DATA_DIR, so that a disk store takes a
 * finished print by a rename instead of a copy.
 */
export function workspacesIn(dataDir: string): Workspaces {
  const root = path.join(dataDir, 'work')

  function locate(name: string) {
    if (!/^[\w-]+$/.test(name)) throw new Error(`"${name}" is no name of a workspace`)
    return path.join(root, name)
  }

  async function remove(name: string) {
    await rm(locate(name), { recursive: true, force: true })
  }

  return {
    async open(name) {
      await remove(name)
      await mkdir(locate(name), { recursive: true, mode: 0o700 })
      return { path: locate(name), remove: () => remove(name) }
    },

    async list() {
      const names = await readdir(root).catch(absent)
      const found = await Promise.all(
        (names ?? []).map(async name => {
          const stats = await stat(path.join(root, name)).catch(absent)
          return stats && { name, changed: stats.mtime }
        })
      )
      return found.filter(entry => entry !== undefined)
    },

    remove
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
