import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { fold } from './fold.ts'
import { sample } from './sample.ts'

// Milliseconds.
const pause = 10_000

interface OpenSamplerOptions {
  pool: Pool
  log: Logger
}

/**
 * Part of each API and worker, so that charts go on while one of them is left; the database lets one process at a time
 * do the work.
 */
export function openSampler({ pool, log }: OpenSamplerOptions) {
  let looking: Promise<void> | undefined

  async function look() {
    for (const work of [fold, sample]) {
      await work(pool).catch(error => log.debug({ err: error }, 'charts could not be brought up to date; retrying'))
    }
  }

  function start() {
    looking ??= look().finally(() => {
      looking = undefined
    })
  }

  const timer = setInterval(start, pause)
  start()
  return {
    async close() {
      clearInterval(timer)
      await looking
    }
  }
}
