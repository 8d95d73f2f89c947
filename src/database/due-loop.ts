// Milliseconds. The next due time is known and an earlier one is announced: this poll is for lost notifications and for
// rows that were written with SQL.
const backstop = 5_000
const afterError = 1_000
// Milliseconds. Another transaction holds a lock on a due row: a process for a moment, or an open psql for an hour.
const whileLocked = 200

export interface Look {
  /** Whether at least some of the due rows were handled. */
  moved: boolean
  /** Seconds until the next row is due; null where none is. */
  next: number | null
}

interface DueLoopOptions {
  look(): Promise<Look>
  onError?(error: unknown): void
}

/**
 * Runs `look` whenever a row is due: each look returns the next due time, and a notification may announce an earlier
 * one.
 */
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

  /** One timer, for the earliest time: timers for each notification would pile up. */
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
    // The result of a look in progress may be older than this notification.
    again = true
    looking ??= lookUntilCurrent().finally(() => {
      looking = undefined
    })
  }

  lookNow()
  return {
    lookNow,
    /** A row is due within so many milliseconds: look by then. */
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
