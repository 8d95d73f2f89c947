import type { Desired, Shutdown } from '#workers/presence.ts'

/** What is new in what the worker is to do. */
export interface Change {
  concurrency?: number
  /** Whether it takes new tasks. */
  takes?: boolean
  shutdown?: Shutdown
}

/** What this worker is to do. The database says it with each heartbeat, and the worker acts on what has changed. */
export function steering(concurrency: number) {
  let now: Desired = { concurrency, paused: false, shutdown: null }

  const isTaking = () => !now.paused && now.shutdown === null

  return {
    get concurrency() {
      return now.concurrency
    },
    isTaking,
    follow(next: Desired): Change {
      const before = now
      const tookBefore = isTaking()
      now = next
      const change: Change = {}
      if (next.concurrency !== before.concurrency) change.concurrency = next.concurrency
      if (tookBefore !== isTaking()) change.takes = isTaking()
      if (next.shutdown !== null && next.shutdown !== before.shutdown) change.shutdown = next.shutdown
      return change
    }
  }
}
