import { open } from 'node:fs/promises'
import path from 'node:path'
import type { Incoming } from './writer.ts'

// Bytes, or milliseconds of a slow client.
const betweenSyncs = 2 * 1024 * 1024
const longest = 5_000

interface Along {
  sync(): Promise<void>
  /** Called with the bytes in the file, and with those that are synced. */
  onWritten?: (bytes: number) => void
  onSynced?: (bytes: number) => Promise<void>
}

/**
 * Syncs a file while it is written, one sync at a time, so that little is left to do at its end, when the client waits.
 * The system reports a failed sync once only, so one ends the write.
 */
export function syncAlong(out: Incoming, { sync, onWritten, onSynced }: Along) {
  let failed: { error: unknown } | undefined
  let current: Promise<void> | undefined
  let synced = 0
  let at = performance.now()

  async function take(bytes: number) {
    try {
      await sync()
      await onSynced?.(bytes)
    } catch (error) {
      failed = { error }
      out.destroy(error as Error)
    }
    current = undefined
  }

  out.onWritten = () => {
    onWritten?.(out.written)
    const now = performance.now()
    if (current || (out.written - synced < betweenSyncs && now - at < longest)) return
    synced = out.written
    at = now
    current = take(synced)
  }

  return {
    async settled() {
      await current
      if (failed) throw failed.error
    }
  }
}

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
