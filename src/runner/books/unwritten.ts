import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { AsideWriter } from './aside.ts'
import type { FollowUp } from './follow-up.ts'
import type { Settler } from './settler.ts'

// Milliseconds. A stop waits for outcomes, but not for ever: another worker retries tasks without one.
const longestFlush = 10_000

interface UnwrittenOptions {
  settling: Pick<Settler, 'waiting' | 'flushed'>
  aside: Pick<AsideWriter, 'waiting' | 'flushed'>
  followUp: Pick<FollowUp, 'flushed'>
  log: Logger
}

/** Endings on their way into the database. */
export function unwrittenEndings({ settling, aside, followUp, log }: UnwrittenOptions) {
  /** Ended attempts whose endings are not written yet. */
  const unwritten = (): Claim[] => [...settling.waiting(), ...aside.waiting()]

  async function allWritten(signal: AbortSignal) {
    while (unwritten().length > 0 && !signal.aborted) {
      await settling.flushed()
      await aside.flushed()
    }
    await followUp.flushed()
  }

  return {
    unwritten,

    /** Resolves when every ending is written, or at a limit. */
    async flush() {
      const over = new AbortController()
      await Promise.race([
        allWritten(over.signal),
        delay(longestFlush, undefined, { signal: over.signal }).catch(() => {})
      ])
      over.abort()
      const left = unwritten().length
      if (left > 0) log.warn({ count: left }, 'outcomes could not be written in time; their tasks are retried')
    }
  }
}
