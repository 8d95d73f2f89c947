import type { Claim } from '#tasks/attempts/claim.ts'
import type { prefetch } from './prefetch.ts'

// Milliseconds that a task which was claimed ahead may wait for a child.
const longestWait = 500

interface TurnsOptions {
  desk: { recall(milliseconds: number, kept?: number): Promise<Claim[]>; release(claims: Claim[]): void }
  ahead: ReturnType<typeof prefetch>
  giveBack(claims: Claim[]): Promise<void>
}

/**
 * Puts back tasks that were claimed ahead and do not start soon: a long task is among the short ones, and another
 * worker may be free.
 */
export function turns({ desk, ahead, giveBack }: TurnsOptions) {
  const timer = setInterval(async () => {
    const late = await desk.recall(longestWait, ahead.reserved())
    if (late.length === 0) return
    ahead.recalled(longestWait)
    void back(late)
  }, longestWait / 2)

  function back(claims: Claim[]) {
    const given = giveBack(claims)
    desk.release(claims)
    return given
  }

  return {
    /** Puts back all of them now. */
    async putBack() {
      const waiting = await desk.recall(0)
      if (waiting.length > 0) await back(waiting)
    },
    stop: () => clearInterval(timer)
  }
}
