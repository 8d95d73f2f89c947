import { open } from 'node:fs/promises'
import path from 'node:path'

/** Lets the bytes of a file survive a power failure. */
export async function syncFile(file: string) {
  const handle = await open(file, 'r+')
  try {
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** The same for the names in a folder, and in the folders above it up to the root, which may be as new. */
export async function syncFolders(folder: string, root: string) {
  for (let each = folder; each.startsWith(root); each = path.dirname(each)) {
    const handle = await open(each)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }
}
