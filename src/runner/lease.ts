import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { beat, type Desired, lease, type Report, renew } from '#workers/presence.ts'

interface Needs {
  pool: Pool
  log: Logger
  worker(): string
  /** What the others are to know of us. */
  report(): Promise<Report>
  /** The database answers, and says what we are to do. */
  onBeat(desired: Desired): void
  onSilence(error: Error): void
  /** Another worker took us for dead: what we run is no longer ours. */
  onLost(): Promise<Desired>
  /** Look for what we may not have been told: tasks of ours that are to stop. */
  onLook(): Promise<void>
  /** Look for attempts whose workers are gone. */
  onOrphans(): Promise<void>
}

// Orphans are looked for at once when a worker is found dead, and now and then in case that somebody died over it.
const beatsBetweenLooks = 4

/** Keeps our own lease, hears with it what we are to do, and watches the leases of the others. */
export function keepLease({ pool, log, worker, report, onBeat, onSilence, onLost, onLook, onOrphans }: Needs) {
  let beats = 0
  // We have just been registered. By both clocks: one may be set, and the other stands still while the machine sleeps.
  let lastGood = performance.now()
  let lastGoodAt = Date.now()
  // After a gap of our own everybody looks dead: they get one lease to show themselves first.
  let trustFrom = performance.now() + lease * 1000
  let beating: Promise<void> | undefined
  let looking: Promise<void> | undefined
  let orphans = false
  let again = false
  let stopped = false

  function noticeGap() {
    const gap = Math.max(performance.now() - lastGood, Date.now() - lastGoodAt)
    if (gap > (lease / 2) * 1000) trustFrom = performance.now() + lease * 1000
  }

  async function renewOnce() {
    // Also before we ask: the first answer after an outage shows everybody as silent as we were.
    noticeGap()
    try {
      const { desired, lost } = await renew(pool, worker(), await report(), performance.now() >= trustFrom)
      noticeGap()
      lastGood = performance.now()
      lastGoodAt = Date.now()
      onBeat(desired ?? (await onLost()))
      if (lost > 0) log.warn({ lost }, 'workers went silent; their tasks are handed on')
      if (lost > 0 || beats++ % beatsBetweenLooks === 0) orphans = true
      look()
    } catch (error) {
      log.debug({ err: error }, 'the lease could not be renewed')
      onSilence(error as Error)
    }
  }

  /** Beside the heartbeats: somebody may hold a lock on what is looked at, and our lease must not run out over it. */
  function look() {
    looking ??= lookOnce()
      .catch(error => log.warn({ err: error }, 'what concerns other workers could not be looked at'))
      .finally(() => {
        looking = undefined
      })
  }

  async function lookOnce() {
    await onLook()
    if (!orphans) return
    orphans = false
    await onOrphans()
  }

  async function keepOn() {
    do {
      again = false
      await renewOnce()
    } while (again && !stopped)
  }

  function start() {
    beating ??= keepOn().finally(() => {
      beating = undefined
    })
  }

  const timer = setInterval(start, beat * 1000)

  return {
    /** There is something to hear. What is on its way may have been said before. */
    now() {
      again = true
      if (!stopped) start()
    },
    /** Whether the database has answered within our lease. */
    isKept: () => performance.now() - lastGood < lease * 1000,
    async stop() {
      stopped = true
      clearInterval(timer)
      await beating
      await looking
    }
  }
}
