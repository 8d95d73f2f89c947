import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Metrics } from '#metrics/metrics.ts'
import { fold } from './fold.ts'
import { sample } from './sample.ts'

// Milliseconds.
const pause = 10_000

interface OpenSamplerOptions {
  pool: Pool
  metrics: Metrics
  log: Logger
}

/**
 * Part of each API and worker, so that charts go on while one of them is left; the database lets one process at a time
 * do the work. Creations and cancellations come from anywhere, SQL included: the process that folds them counts them.
 */
export function openSampler({ pool, metrics, log }: OpenSamplerOptions) {
  let looking: Promise<void> | undefined
  let folding: Promise<void> | undefined

  async function foldOnce() {
    for (const { created, cancelled, succeeded, failed, ...lane } of await fold(pool)) {
      if (created > 0) metrics.submitted(lane, created)
      if (cancelled > 0) metrics.ended(lane, 'revoked', cancelled)
      if (succeeded > 0) metrics.ended(lane, 'success', succeeded)
      if (failed > 0) metrics.ended(lane, 'failure', failed)
    }
  }

  function foldNow() {
    folding ??= foldOnce()
      .catch(error => log.debug({ err: error }, 'creations and cancellations could not be counted; retrying'))
      .finally(() => {
        folding = undefined
      })
    return folding
  }

  async function look() {
    await foldNow()
    await sample(pool).catch(error => log.debug({ err: error }, 'queues could not be sampled; retrying'))
  }

  function start() {
    looking ??= look().finally(() => {
      looking = undefined
    })
  }

  const timer = setInterval(start, pause)
  start()
  return {
    /** Counts what was noted until now. Never rejects. */
    foldNow,
    async close() {
      clearInterval(timer)
      await looking
    }
  }
}

export type Sampler = ReturnType<typeof openSampler>
