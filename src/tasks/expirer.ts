import type { Pool } from 'pg'
import { expire } from './expire.ts'

// The next deadline is known, so this is only for one that somebody else has set meanwhile.
const backstop = 5_000
const afterTrouble = 1_000

interface Needs {
  pool: Pool
  onExpired(ids: string[]): void
}

/** Wakes when the next deadline is due and revokes what has not started by then. API and workers each have one. */
export function expirer({ pool, onExpired }: Needs) {
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  let stopped = false

  async function look() {
    let pause = backstop
    try {
      const { revoked, next } = await expire(pool)
      if (revoked.length > 0) onExpired(revoked)
      if (next !== null) pause = Math.min(backstop, Math.max(0, Math.ceil(next * 1000)))
    } catch {
      pause = afterTrouble
    }
    if (!stopped) timer = setTimeout(wake, pause)
  }

  function wake() {
    looking ??= look().finally(() => {
      looking = undefined
    })
  }

  wake()
  return {
    /** A deadline was set: look no later than then. */
    by(time: Date) {
      const pause = Math.max(0, time.getTime() - Date.now())
      if (stopped || pause >= backstop) return
      setTimeout(wake, pause).unref()
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await looking
    }
  }
}
