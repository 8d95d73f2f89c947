import type { AttemptOutcome } from '#database/tables.ts'

/** Attempts of a worker, counted by outcome. */
export interface Tally {
  started: number
  succeeded: number
  failed: number
  timed_out: number
  crashed: number
  cancelled: number
  handed_back: number
}

type Outcome = Exclude<keyof Tally, 'started'>

const words: Record<AttemptOutcome, Outcome> = {
  success: 'succeeded',
  failure: 'failed',
  stalled: 'failed',
  soft_time_limit: 'timed_out',
  time_limit: 'timed_out',
  crashed: 'crashed',
  cancelled: 'cancelled',
  shutdown: 'handed_back'
}

export const nothingYet: Tally = {
  started: 0,
  succeeded: 0,
  failed: 0,
  timed_out: 0,
  crashed: 0,
  cancelled: 0,
  handed_back: 0
}

/** Counts attempts by outcome; running ones count as started. */
export function openTally() {
  let counts = { ...nothingYet }
  return {
    ended(outcome: AttemptOutcome) {
      counts.started++
      counts[words[outcome]]++
    },
    counts: (running: number): Tally => ({ ...counts, started: counts.started + running }),
    /** Counts from zero under a new id. */
    reset() {
      counts = { ...nothingYet }
    }
  }
}
