import { readFileSync } from 'node:fs'
import { setImmediate as breathe } from 'node:timers/promises'
import { childrenOf } from './children.ts'
import { statOf } from './stat.ts'

// USER_HZ, which Linux fixes for programs whatever its kernel uses inside.
const ticksPerSecond = 100

interface Process {
  children: number[]
  /** Bytes of this process alone, and bytes that it shares with others, such as the program itself. */
  own: number
  shared: number
  ticks: number
}

/**
 * Memory in bytes and CPU time in seconds of a process and its descendants. Undefined when it is gone, or without /proc.
 */
export async function usageOfFamily(root: number) {
  const processes: Process[] = []
  const found = [root]
  for (const pid of found) {
    const process = look(pid)
    if (!process) continue
    processes.push(process)
    found.push(...process.children)
    // Lets the worker's event loop run: there may be hundreds of processes.
    await breathe()
  }
  if (processes.length === 0) return undefined
  const sum = (of: (process: Process) => number) => processes.reduce((sum, process) => sum + of(process), 0)
  return {
    // Most shared memory is the same Node.js in each process, so it is counted once.
    memory: sum(({ own }) => own) + Math.max(...processes.map(({ shared }) => shared)),
    seconds: sum(({ ticks }) => ticks) / ticksPerSecond
  }
}

/** Undefined when the process is gone, or without /proc. */
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
