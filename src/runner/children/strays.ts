import { readdir, readFile } from 'node:fs/promises'

/** What marks a child and everything that it starts, unless a body takes pains to leave it out. */
export const mark = 'DARKROOM_CHILD'

/**
 * Ends what a body has started outside of its process group: in a session of its own, say. Processes are known by
 * what they have inherited, so where there is no /proc they cannot be found.
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
    // Others' are not ours to read, and many are gone before we get to them.
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '')
    if (environment.includes(needle)) yield Number(name)
  }
}
