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

const inherited = maxRss()
// A read of /proc costs as much as a short task; as often, in milliseconds, is enough.
const interval = 1_000
let read = Number.NEGATIVE_INFINITY
let known: number | undefined

/**
 * The same of this process, after each attempt. The cheap way to ask also counts what its parent held when it was
 * forked, and is good only once it has grown beyond that.
 */
export function peakMemory(): number {
  const peak = maxRss()
  if (peak > inherited) return peak
  if (performance.now() - read > interval) {
    read = performance.now()
    known = peakMemoryOf(process.pid)
  }
  return known ?? peak
}

function maxRss() {
  return process.resourceUsage().maxRSS * 1024
}
