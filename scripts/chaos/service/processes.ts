import { readdir, readFile } from 'node:fs/promises'

export interface Process {
  pid: number
  parent: number
  command: string
}

/** Processes of the run inherit this variable, so that they are found even after their parents have ended. */
export const marker = 'DARKROOM_CHAOS'

export async function marked(run: string): Promise<Process[]> {
  const all = await Promise.all(
    (await readdir('/proc'))
      .filter(name => /^\d+$/.test(name))
      .map(async pid => {
        const environment = await quietly(`/proc/${pid}/environ`)
        if (!environment.split('\0').includes(`${marker}=${run}`)) return []
        const [stat, command] = await Promise.all([quietly(`/proc/${pid}/stat`), quietly(`/proc/${pid}/cmdline`)])
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        if (state === undefined || state === '' || state === 'Z') return []
        return [{ pid: Number(pid), parent: Number(parent), command: command.replaceAll('\0', ' ').trim() }]
      })
  )
  return all.flat()
}

/** Empty when the process has ended meanwhile. */
async function quietly(file: string) {
  return readFile(file, 'utf8').catch(() => '')
}

export function send(pid: number | undefined, signal: NodeJS.Signals): boolean {
  if (pid === undefined) return false
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
