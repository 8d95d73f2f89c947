import { readFileSync } from 'node:fs'
import { setImmediate as breathe } from 'node:timers/promises'

export interface Usage {
  /** Bytes. */
  memory: number
  /** Cores that were busy since the last look; null at the first. */
  cpu: number | null
}

// What a tick is to programs on Linux, whatever it is to its kernel.
const ticksPerSecond = 100
// Within less than this a tick more or less would be a core more or less.
const shortest = 1_000

interface Process {
  children: number[]
  /** Bytes that nobody else has, and those that others may have too, such as the program itself. */
  own: number
  shared: number
  /** Ticks of its own and of its children that have ended, so that what a child has used is not lost with it. */
  ticks: number
}

/**
 * Looks at what a process and everything below it use: what its tasks have started, too. Where there is no /proc, it
 * is this process alone that can be looked at.
 */
export function usageMeter(root = process.pid) {
  let last: { at: number; seconds: number } | undefined
  let usage: Usage | undefined

  return async function look(): Promise<Usage> {
    const at = performance.now()
    if (usage && last && at - last.at < shortest) return usage
    const { memory, seconds } = (await family(root)) ?? alone()
    // Less than before: somebody below has left for another parent, and taken along what he had used.
    const cpu = last ? Math.max(0, seconds - last.seconds) / ((at - last.at) / 1000) : null
    last = { at, seconds }
    usage = { memory, cpu }
    return usage
  }
}

async function family(root: number) {
  const processes: Process[] = []
  const found = [root]
  for (const pid of found) {
    const process = look(pid)
    if (!process) continue
    processes.push(process)
    found.push(...process.children)
    // There may be hundreds, and tasks wait meanwhile.
    await breathe()
  }
  if (processes.length === 0) return undefined
  const sum = (of: (process: Process) => number) => processes.reduce((sum, process) => sum + of(process), 0)
  return {
    // Most of what is shared is one and the same Node.js: counted once, as it is there once.
    memory: sum(({ own }) => own) + Math.max(...processes.map(({ shared }) => shared)),
    seconds: sum(({ ticks }) => ticks) / ticksPerSecond
  }
}

/** Undefined when it is gone, or when there is nowhere to look. */
function look(pid: number): Process | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is a name that may hold anything; it ends with the last bracket.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    return {
      children: childrenOf(pid),
      own: bytes('RssAnon'),
      shared: bytes('RssFile') + bytes('RssShmem'),
      ticks: fields.slice(11, 15).reduce((sum, ticks) => sum + ticks)
    }
  } catch {
    return undefined
  }
}

function childrenOf(pid: number) {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function alone() {
  const { user, system } = process.cpuUsage()
  return { memory: process.memoryUsage.rss(), seconds: (user + system) / 1e6 }
}
