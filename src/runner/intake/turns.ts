import type { Claim } from '#tasks/attempts/claim.ts'
import type { prefetch } from './prefetch.ts'

/** Milliseconds that a task which was taken ahead may wait for a child. */
const longest = 500

interface Needs {
  desk: { recall(milliseconds: number, kept?: number): Claim[] }
  ahead: ReturnType<typeof prefetch>
  give(claims: Claim[]): Promise<void>
}

/**
 * What was taken ahead and has not begun soon is put back: a long task has come up among the short ones, and another
 * worker may be free.
 */
export function turns({ desk, ahead, give }: Needs) {
  const timer = setInterval(() => {
    const late = desk.recall(longest, ahead.reserved())
    if (late.length === 0) return
    ahead.recalled(longest)
    void give(late)
  }, longest / 2)

  return {
    /** All of it, now. */
    async putBack() {
      const waiting = desk.recall(0)
      if (waiting.length > 0) await give(waiting)
    },
    stop: () => clearInterval(timer)
  }
}
