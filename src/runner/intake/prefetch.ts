// Milliseconds of work to claim ahead of busy children.
const horizon = 50
/** Tasks claimed ahead, at most: other workers do not see them until this one gives them back. */
const mostAhead = 500
const weightOfNewest = 0.1

/**
 * Number of tasks to hold. One claim per task costs a round trip that is longer than most short tasks, so short tasks
 * are claimed ahead: as many as will have started within the horizon. Long ones never are, so they never wait behind
 * each other here while another worker is free.
 */
export function prefetch(concurrency: () => number, multiplier: number) {
  /** Always held, by the operator's setting. */
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
    /** Tasks were put back after this wait: claimed again before another attempt ends, they would go back again. */
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
