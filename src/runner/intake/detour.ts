import type { Over } from '#tasks/attempts/claim.ts'

// Milliseconds. Then a claim takes the plain way again, and finds out whether the obstacle is still there.
const lasts = 60_000

/** What claims pass over for a while, because an earlier claim has met it. */
export function detour() {
  let kinds = new Set<string>()
  let kindsUntil = 0
  let lockedUntil = 0

  function metLock() {
    lockedUntil = performance.now() + lasts
  }

  return {
    metLock,
    /** Answers whether a claim at once would find more: not where it passed over these kinds and met them again. */
    metKinds(met: string[]): boolean {
      if (met.length === 0) return false
      // The job names another kind than its task does, so only a claim that reads the task can pass over it.
      if (met.every(kind => kinds.has(kind))) {
        const before = performance.now() < lockedUntil
        metLock()
        return !before
      }
      kinds = kinds.union(new Set(met))
      kindsUntil = performance.now() + lasts
      return true
    },
    over(): Required<Over> {
      const now = performance.now()
      if (now >= kindsUntil) kinds.clear()
      return { kinds: [...kinds], locked: now < lockedUntil }
    }
  }
}
