import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { beat, lease, renew } from '#workers/presence.ts'

interface Needs {
  pool: Pool
  log: Logger
  worker(): string
  /** Another worker took us for dead: what we run is no longer ours. */
  onLost(): Promise<void>
  /** The database answers: look for what it could not tell us. */
  onBeat(): Promise<void>
  /** Look for attempts whose workers are gone. */
  onOrphans(): Promise<void>
}

// Orphans are looked for at once when a worker is found dead, and now and then in case that somebody died over it.
const beatsBetweenLooks = 4

/** Keeps our own lease and watches those of the others. */
export function keepLease({ pool, log, worker, onLost, onBeat, onOrphans }: Needs) {
  let beats = 0
  let lastGood = 0
  // After a gap of our own everybody looks dead: they get one lease to show themselves first.
  let trustFrom = Date.now() + lease * 1000
  let beating: Promise<void> | undefined

  async function renewOnce() {
    try {
      const { alive, lost } = await renew(pool, worker(), Date.now() >= trustFrom)
      const now = Date.now()
      if (lastGood > 0 && now - lastGood > (lease / 2) * 1000) trustFrom = now + lease * 1000
      lastGood = now
      if (!alive) await onLost()
      await onBeat()
      if (lost > 0) log.warn({ lost }, 'workers went silent; their tasks are handed on')
      if (lost > 0 || beats++ % beatsBetweenLooks === 0) await onOrphans()
    } catch (error) {
      log.debug({ err: error }, 'the lease could not be renewed')
    }
  }

  const timer = setInterval(() => {
    beating ??= renewOnce().finally(() => {
      beating = undefined
    })
  }, beat * 1000)

  return {
    async stop() {
      clearInterval(timer)
      await beating
    }
  }
}
