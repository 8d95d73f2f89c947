import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { MediaRejected } from './rejected.ts'

/** Milliseconds between two looks; after a look that took long, twenty times as long. */
const pause = 1000
const share = 20

/** An attempt's signal, which also aborts when its folder has outgrown its budget. */
export interface Space extends Disposable {
  signal: AbortSignal
}

/**
 * Limits the sum of all files of an attempt: the kernel limits each of them, and a film has thousands. Whatever runs
 * under the signal is killed, and the task fails with `too_many_bytes`, as the same film would do it again.
 */
export function limitSpace(directory: string, limit: number, signal: AbortSignal): Space {
  const full = new AbortController()
  const known = new Map<string, { file: number; bytes: number }>()
  let timer = setTimeout(look, pause)
  let isOver = false

  async function look() {
    const from = performance.now()
    // A folder that is being removed counts as empty.
    const bytes = await bytesIn(directory, known).catch(() => 0)
    if (isOver) return
    if (bytes > limit) return full.abort(tooManyBytes(bytes, limit))
    timer = setTimeout(look, Math.max(pause, share * (performance.now() - from)))
  }

  return {
    signal: AbortSignal.any([signal, full.signal]),
    [Symbol.dispose]() {
      isOver = true
      clearTimeout(timer)
    }
  }
}

/** A file with two names is counted once. A finished segment never changes, so it is asked for once. */
async function bytesIn(directory: string, known: Map<string, { file: number; bytes: number }>) {
  const sizes = new Map<number, number>()
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const name = path.join(entry.parentPath, entry.name)
    const found = known.get(name) ?? (await sizeOf(name))
    if (!found) continue
    if (name.endsWith('.m4s')) known.set(name, found)
    sizes.set(found.file, found.bytes)
  }
  return sizes.values().reduce((sum, bytes) => sum + bytes, 0)
}

/** Undefined where the file has another name by now, or is gone. */
async function sizeOf(name: string) {
  const facts = await stat(name).catch(() => undefined)
  // Blocks: what it takes of the disk.
  return facts && { file: facts.ino, bytes: facts.blocks * 512 }
}

function tooManyBytes(bytes: number, limit: number) {
  return new MediaRejected(
    'too_many_bytes',
    `The prints and streams of this film took ${bytes} bytes before they were complete; the most is ${limit} (MAX_TEMPORARY_BYTES).`,
    { evidence: { bytes, limit } }
  )
}
