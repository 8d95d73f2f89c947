import { usageOfFamily } from '#processes/family.ts'

export interface Usage {
  /** Bytes. */
  memory: number
  /** Cores that were busy since the last look; null at the first. */
  cpu: number | null
}

// Within less than this a tick more or less would be a core more or less.
const shortest = 1_000

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
    const { memory, seconds } = (await usageOfFamily(root)) ?? alone()
    // Less than before: somebody below has left for another parent, and taken along what he had used.
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
