// Milliseconds of work that are claimed ahead of the children that are busy.
const horizon = 50
/** Settling is fastest up to batches of this size, and what is claimed together ends together. */
const mostAhead = 200
const weightOfNewest = 0.1

/**
 * How many tasks may be in hand. A claim for each task by itself costs a round trip that is longer than most short
 * tasks, so while tasks are short more are claimed at a time: as many as will have begun within the horizon. Long ones
 * are never claimed ahead, so they never wait behind each other here while another worker is free.
 */
export function prefetch(concurrency: () => number, multiplier: number) {
  /** So many are kept in any case: an operator has asked for it. */
  const reserved = () => concurrency() * multiplier
  let average = Number.POSITIVE_INFINITY
  let held = false

  function count(milliseconds: number) {
    average = Number.isFinite(average) ? average * (1 - weightOfNewest) + milliseconds * weightOfNewest : milliseconds
  }

  return {
    reserved,
    ended(milliseconds: number) {
      held = false
      count(milliseconds)
    },
    /** Some were put back after so long: claimed again before another attempt ends, they would go back again. */
    recalled(milliseconds: number) {
      held = true
      count(milliseconds)
    },
    capacity() {
      const ahead = held ? 0 : Math.floor((concurrency() * horizon) / Math.max(average, 0.25))
      return reserved() + Math.min(mostAhead, ahead)
    }
  }
}
