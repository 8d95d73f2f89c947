import { readFileSync } from 'node:fs'
import { setImmediate as breathe } from 'node:timers/promises'
import { childrenOf } from './children.ts'
import { statOf } from './stat.ts'

// What a tick is to programs on Linux, whatever it is to its kernel.
const ticksPerSecond = 100

interface Process {
  children: number[]
  /** Bytes of this process alone, and bytes that it may share with others, such as the program itself. */
  own: number
  shared: number
  ticks: number
}

/**
 * What a process and everything below it use: bytes, and seconds of a processor. Undefined when it is gone, or where
 * there is no /proc.
 */
export async function usageOfFamily(root: number) {
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
    return {
      children: childrenOf(pid) ?? [],
      own: bytes('RssAnon'),
      shared: bytes('RssFile') + bytes('RssShmem'),
      ticks: statOf(pid).ticks
    }
  } catch {
    return undefined
  }
}
