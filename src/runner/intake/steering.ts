import type { Desired, Shutdown } from '#workers/presence.ts'

/** Changes of a worker's desired state. */
export interface Change {
  concurrency?: number
  /** Whether the worker takes new tasks. */
  takes?: boolean
  shutdown?: Shutdown
}

/** The worker's desired state, which the database sends with each heartbeat; the worker acts on changes only. */
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
