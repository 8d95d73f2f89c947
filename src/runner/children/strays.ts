import { readdir, readFile } from 'node:fs/promises'

/** What marks a child and everything that it starts, unless a body takes pains to leave it out. */
export const mark = 'DARKROOM_CHILD'

/**
 * Ends processes that a body has started outside of its process group, in a session of their own, say. They are known by
 * the environment that they have inherited, so without /proc they cannot be found.
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
    // Those of other users cannot be read, and many processes are gone by then.
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '')
    if (environment.includes(needle)) yield Number(name)
  }
}
