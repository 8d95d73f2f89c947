import { usageOfFamily } from '#processes/family.ts'

export interface Usage {
  /** Bytes. */
  memory: number
  /** Cores kept busy since the previous measurement; null at the first one. */
  cpu: number | null
}

// Milliseconds. Over a shorter time the clock ticks of /proc are too coarse: one tick more would look like one core
// more.
const shortest = 1_000

/**
 * Measures a process and all its descendants, so also processes that tasks have started. Without /proc, it measures
 * this process alone.
 */
export function usageMeter(root = process.pid) {
  let last: { at: number; seconds: number } | undefined
  let usage: Usage | undefined

  return async function look(): Promise<Usage> {
    const at = performance.now()
    if (usage && last && at - last.at < shortest) return usage
    const { memory, seconds } = (await usageOfFamily(root)) ?? alone()
    // The sum falls when a descendant has ended or moved to another parent.
    const cpu = last ? Math.max(0, seconds - last.seconds) / ((at - last.at) / 1000) : null
    last = { at, seconds }
    usage = { memory, cpu }
    return usage
  }
}

function alone() {
  const { user, system } = process.cpuUsage()
  return { memory: process.memoryUsage.rss(), seconds: (user + system) / 1e6 }
}
