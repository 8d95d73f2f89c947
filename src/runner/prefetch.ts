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
export function prefetch(concurrency: number, multiplier: number) {
  let average = Number.POSITIVE_INFINITY

  return {
    ended(milliseconds: number) {
      average = Number.isFinite(average) ? average * (1 - newest) + milliseconds * newest : milliseconds
    },
    places() {
      const ahead = Math.floor((concurrency * horizon) / Math.max(average, 0.25))
      return concurrency * multiplier + Math.min(most, ahead)
    }
  }
}
