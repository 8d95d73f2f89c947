import { readFileSync } from 'node:fs'

/** Bytes: the most that a process has held, and what it holds now. Undefined when it is gone, or without a /proc. */
export function memoryOf(pid: number): { peak: number; held: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
    const memory = { peak: bytes('VmHWM'), held: bytes('VmRSS') }
    // A zombie holds no memory.
    return Number.isNaN(memory.peak) ? undefined : memory
  } catch {
    return undefined
  }
}
