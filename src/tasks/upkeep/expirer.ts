import type { Pool } from 'pg'
import { expire } from './expire.ts'

// The next deadline is known, and whoever sets an earlier one says so: this is for the one that was set with SQL, or by
// an API that is gone.
const backstop = 5_000
const afterTrouble = 1_000
// One has come and somebody holds a lock on it: another API for a moment, or a person for an hour.
const whileHeld = 200

interface Needs {
  pool: Pool
  onExpired(ids: string[]): void
}

/** Wakes when the next deadline is due and revokes what has not started by then. Every API has one; a worker refuses by itself what comes too late. */
export function expirer({ pool, onExpired }: Needs) {
  let timer: NodeJS.Timeout | undefined
  let due = Number.POSITIVE_INFINITY
  let looking: Promise<void> | undefined
  let again = false
  let stopped = false

  async function look() {
    let pause = backstop
    do {
      again = false
      try {
        const { revoked, come, next } = await expire(pool)
        if (revoked.length > 0) onExpired(revoked)
        if (next === null) pause = backstop
        else if (next <= 0 && come === 0) pause = whileHeld
        else pause = Math.min(backstop, Math.max(0, Math.ceil(next * 1000)))
      } catch {
        pause = afterTrouble
      }
    } while (again && !stopped)
    plan(pause)
  }

  /** One timer, for the earliest: each that was set would lead to another, for ever. */
  function plan(milliseconds: number) {
    const at = performance.now() + milliseconds
    if (stopped || at >= due) return
    clearTimeout(timer)
    due = at
    timer = setTimeout(wake, milliseconds)
  }

  function wake() {
    clearTimeout(timer)
    due = Number.POSITIVE_INFINITY
    // The answer that is on its way may be older than the deadline.
    again = true
    looking ??= look().finally(() => {
      looking = undefined
    })
  }

  wake()
  return {
    /** A deadline was set: look no later than then. */
    by(milliseconds: number) {
      if (milliseconds < backstop) plan(Math.max(0, milliseconds))
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await looking
    }
  }
}
