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

type Ended = Exclude<keyof Tally, 'started'>

const words: Record<AttemptOutcome, Ended> = {
  success: 'succeeded',
  failure: 'failed',
  stalled: 'failed',
  soft_time_limit: 'timed_out',
  time_limit: 'timed_out',
  crashed: 'crashed',
  cancelled: 'cancelled',
  shutdown: 'handed_back',
  outage: 'failed'
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

/** Counts outcomes; running attempts count as started. */
export function openTally(running: () => number) {
  let counts = { ...nothingYet }
  return {
    ended(outcome: AttemptOutcome) {
      counts.started++
      counts[words[outcome]]++
    },
    counts: (): Tally => ({ ...counts, started: counts.started + running() }),
    /** For a worker that registers under a new id. */
    reset() {
      counts = { ...nothingYet }
    }
  }
}
