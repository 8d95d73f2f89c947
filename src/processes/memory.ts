import { readFileSync } from 'node:fs'

/** Peak and present memory of a process in bytes. Undefined when it is gone, or without /proc. */
export function memoryOf(pid: number): { peak: number; held: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
    const memory = { peak: bytes('VmHWM'), held: bytes('VmRSS') }
    // The status of a zombie has no memory fields.
    return Number.isNaN(memory.peak) ? undefined : memory
  } catch {
    return undefined
  }
}
