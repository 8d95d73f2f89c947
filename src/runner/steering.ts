import type { Desired, Shutdown } from '#workers/presence.ts'

interface Needs {
  /** To begin with: it is told of everything else. */
  concurrency: number
  onConcurrency(concurrency: number): void
  /** It is to take nothing from here on. */
  onRest(): void
  /** It may take again. */
  onResume(): void
  onShutdown(mode: Shutdown): void
}

/** What this worker is to do. It is told as often as somebody looks, and acts when it has changed. */
export function steering({ concurrency, onConcurrency, onRest, onResume, onShutdown }: Needs) {
  let now: Desired = { concurrency, paused: false, shutdown: null }

  const isTaking = () => !now.paused && now.shutdown === null

  return {
    get concurrency() {
      return now.concurrency
    },
    isTaking,
    apply(next: Desired) {
      const before = now
      const tookBefore = isTaking()
      now = next
      if (next.concurrency !== before.concurrency) onConcurrency(next.concurrency)
      if (tookBefore && !isTaking()) onRest()
      if (!tookBefore && isTaking()) onResume()
      if (next.shutdown !== null && next.shutdown !== before.shutdown) onShutdown(next.shutdown)
    }
  }
}
