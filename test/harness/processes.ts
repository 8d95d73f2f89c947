import { readdir, readFile } from 'node:fs/promises'

/** The ids of the processes whose command line has a text in it, such as a folder of the test's own. */
export async function processesAbout(text: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async pid =>
      (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(text) ? [pid] : []
    )
  )
  return found.flat().map(Number)
}

export const skipWithoutProc = process.platform === 'linux' ? false : 'processes are found in /proc'
