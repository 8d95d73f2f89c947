// Milliseconds. The next due time is known and an earlier one is announced: this is for a lost announcement, and for
// rows that were written with SQL.
const backstop = 5_000
const afterError = 1_000
// Something is due and another transaction holds a lock on it: another process for a moment, or a psql for an hour.
const whileLocked = 200

export interface Look {
  /** Whether what was due has been dealt with, at least some of it. */
  moved: boolean
  /** Seconds until something else is due; null where nothing is. */
  next: number | null
}

interface DueLoopOptions {
  look(): Promise<Look>
  onError?(error: unknown): void
}

/** Looks when something is due: each look says when the next one is, and a message may say that it is earlier. */
export function dueLoop({ look, onError }: DueLoopOptions) {
  let timer: NodeJS.Timeout | undefined
  let timerAt = Number.POSITIVE_INFINITY
  let looking: Promise<void> | undefined
  let again = false
  let stopped = false

  async function lookUntilCurrent() {
    let pause = backstop
    do {
      again = false
      try {
        pause = pauseAfter(await look())
      } catch (error) {
        onError?.(error)
        pause = afterError
      }
    } while (again && !stopped)
    lookWithin(pause)
  }

  /** One timer, for the earliest time: a timer for each would add up. */
  function lookWithin(milliseconds: number) {
    const at = performance.now() + milliseconds
    if (stopped || at >= timerAt) return
    clearTimeout(timer)
    timerAt = at
    timer = setTimeout(lookNow, milliseconds)
  }

  function lookNow() {
    clearTimeout(timer)
    timerAt = Number.POSITIVE_INFINITY
    if (stopped) return
    // The result of a look that is on its way may be older than this message.
    again = true
    looking ??= lookUntilCurrent().finally(() => {
      looking = undefined
    })
  }

  lookNow()
  return {
    lookNow,
    /** Something is due within so many milliseconds: look no later than then. */
    by(milliseconds: number) {
      if (milliseconds < backstop) lookWithin(Math.max(0, milliseconds))
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await looking
    }
  }
}

function pauseAfter({ moved, next }: Look) {
  if (next === null) return backstop
  if (next <= 0 && !moved) return whileLocked
  return Math.min(backstop, Math.max(0, Math.ceil(next * 1000)))
}
