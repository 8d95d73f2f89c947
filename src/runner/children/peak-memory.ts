import { readFileSync } from 'node:fs'

/** The bytes that a process has held at most, says its kernel. Undefined when it is gone, or where there is no /proc. */
export function peakMemoryOf(pid: number): number | undefined {
  try {
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return peak === undefined ? undefined : Number(peak) * 1024
  } catch {
    return undefined
  }
}
