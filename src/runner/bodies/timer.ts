export interface Timer {
  /** Starts again with the full time. */
  restart(): void
  stop(): void
}

// A timeout of more than 2^31 ms (24.8 days) fires at once.
const longestTimeout = 2 ** 31 - 1

/** A timer of any length, made of as many timeouts as needed. */
export function startTimer(milliseconds: number, onTime: () => void): Timer {
  let left = milliseconds
  let timeout = setTimeout(step, Math.min(left, longestTimeout))
  let over = false

  function step() {
    left -= longestTimeout
    if (left > 0) {
      timeout = setTimeout(step, Math.min(left, longestTimeout))
      return
    }
    over = true
    onTime()
  }

  return {
    restart() {
      if (over) return
      if (left === milliseconds) return void timeout.refresh()
      clearTimeout(timeout)
      left = milliseconds
      timeout = setTimeout(step, Math.min(left, longestTimeout))
    },
    stop() {
      over = true
      clearTimeout(timeout)
    }
  }
}
