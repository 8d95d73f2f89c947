/** So much work, in milliseconds, is taken ahead of the children that are busy. */
const horizon = 50
/** Settling is fastest up to batches of this size, and what is taken together ends together. */
const most = 200
const newest = 0.1

/**
 * How many tasks may be in hand. Asking for each task by itself costs a round trip that is longer than most short
 * tasks, so while tasks are short more of them are taken at a time: as many as will have begun within the horizon.
 * Long ones are never taken ahead, so they never wait behind each other here while another worker is free.
 */
export function prefetch(concurrency: () => number, multiplier: number) {
  /** So many are kept whatever happens: somebody has asked for it. */
  const reserved = () => concurrency() * multiplier
  let average = Number.POSITIVE_INFINITY
  let held = false

  function count(milliseconds: number) {
    average = Number.isFinite(average) ? average * (1 - newest) + milliseconds * newest : milliseconds
  }

  return {
    reserved,
    ended(milliseconds: number) {
      held = false
      count(milliseconds)
    },
    /** Some were put back after so long: they would come right back, and go again, if more were taken before one ends. */
    recalled(milliseconds: number) {
      held = true
      count(milliseconds)
    },
    places() {
      const ahead = held ? 0 : Math.floor((concurrency() * horizon) / Math.max(average, 0.25))
      return reserved() + Math.min(most, ahead)
    }
  }
}
