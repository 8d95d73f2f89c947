import type { Over } from '#tasks/attempts/claim.ts'

// Milliseconds, after which a claim passes over nothing and finds out whether the obstacle remains.
const lasts = 60_000

/** Obstacles that earlier claims have met and that claims pass over for a while. */
export function detour() {
  let kinds = new Set<string>()
  let kindsUntil = 0
  let lockedUntil = 0

  function metLock() {
    lockedUntil = performance.now() + lasts
  }

  return {
    metLock,
    /** Answers whether an immediate claim would find more: not where it passed over these kinds and met them again. */
    metKinds(met: string[]): boolean {
      if (met.length === 0) return false
      // Job and task name different kinds, so only a claim that reads the task can pass over it.
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
