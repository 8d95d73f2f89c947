import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Shutdown } from '#workers/presence.ts'
import type { openDesk } from './desk.ts'
import type { claimer } from './intake/claimer.ts'
import type { turns } from './intake/turns.ts'
import type { settler } from './settler.ts'

interface Needs {
  log: Logger
  desk: ReturnType<typeof openDesk>
  claims: ReturnType<typeof claimer>
  turn: ReturnType<typeof turns>
  outcomes: ReturnType<typeof settler>
  /** Tells whoever looks that it is ending. */
  announce(): void
  /** Stops what brings or begins work besides the claims. */
  before(): Promise<unknown>
  /** Resolves when all that was given back is back. */
  givenBack(): Promise<void>
  /** Nothing runs any more, and every outcome is written. */
  after(): Promise<void>
}

// The outcomes are worth a wait even at the end, but not for ever: the next worker finds what is left.
const longestFlush = 10_000

/** How a worker comes to its end: nothing new, then what it runs, then what it is made of. */
export function stopping({ log, desk, claims, turn, outcomes, announce, before, givenBack, after }: Needs) {
  let stopped: Promise<void> | undefined

  async function stop(graceSeconds: number) {
    desk.close()
    announce()
    // At once: what is still claimed would be stopped as it begins, handed back and claimed again.
    await Promise.all([claims.stop(), before()])
    turn.stop()
    await turn.putBack()
    await givenBack()
    const grace = new AbortController()
    await Promise.race([desk.ended(), delay(graceSeconds * 1000, undefined, { signal: grace.signal }).catch(() => {})])
    grace.abort()
    desk.stopAll('shutdown')
    await desk.ended()
    await Promise.race([outcomes.flush(), delay(longestFlush, undefined, { ref: false })])
    await after()
  }

  return {
    /** Running attempts get so many seconds and are then handed back. Told twice, it has no patience any more. */
    stop(graceSeconds: number) {
      if (stopped) desk.stopAll('shutdown')
      stopped ??= stop(graceSeconds)
      return stopped
    },

    /** As somebody has asked for, by its row: with what it runs ended, or cut short. By then it takes nothing new. */
    async shutDown(mode: Shutdown) {
      // It may be stopping already, and have patience.
      if (mode === 'cold') return desk.stopAll('shutdown')
      if (stopped) return stopped
      log.info('told to end once everything has ended that it runs')
      await turn.putBack()
      // The last answer may still be on its way; what it brings goes back.
      await claims.stop()
      await desk.ended()
      await outcomes.flush()
    }
  }
}
