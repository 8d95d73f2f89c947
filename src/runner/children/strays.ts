import { readdir, readFile } from 'node:fs/promises'

/** Environment variable that marks a child and its descendants, unless a body removes it. */
export const mark = 'DARKROOM_CHILD'

/**
 * Ends processes of a body that have left its process group, by a session of their own, say. They are recognised by
 * their inherited environment, so not without /proc.
 */
export async function endStrays(marked: string) {
  for await (const pid of findMarked(marked)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {}
  }
}

export async function* findMarked(marked: string) {
  const needle = `${mark}=${marked}`
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name)) continue
    // Processes of other users cannot be read, and many are gone by then.
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '')
    if (environment.includes(needle)) yield Number(name)
  }
}
