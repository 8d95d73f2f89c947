import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { Database } from '#database/connect.ts'
import { isOutage } from '#database/outage.ts'
import { findProblems } from '../problems.ts'
import { noteProblems } from './note.ts'
import { leaveTurn, takeTurn } from './turn.ts'

interface WatchProblemsOptions {
  db: Database
  /** Where the films are. */
  dataDir: string
  /** Seconds that a closed problem stays. */
  historyExpires: number
  log: Logger
}

// Milliseconds. The more time a look takes, the rarer it becomes.
const [shortest, longest] = [10_000, 60_000]
const rest = 50

/**
 * Part of each API and worker, so that problems are noticed while one of them is left; the database lets one at a time
 * look. Where a look fails, nothing is written: what stood goes on standing.
 */
export function watchProblems({ db, dataDir, historyExpires, log }: WatchProblemsOptions) {
  const looker = randomUUID()
  let looking: Promise<void> | undefined
  let hasTurn = false
  let failed = false

  async function look() {
    hasTurn = await takeTurn(db.pool, looker)
    if (!hasTurn) return
    const began = performance.now()
    const found = await findProblems({ pool: db.pool, dataDir })
    const pause = Math.min(longest, Math.max(shortest, rest * (performance.now() - began))) - shortest / 20
    hasTurn = await noteProblems(db, found, { looker, pause: pause / 1000, historyExpires })
  }

  function start() {
    looking ??= look()
      .then(() => {
        failed = false
      })
      .catch(tell)
      .finally(() => {
        looking = undefined
      })
  }

  /** An outage is told of by whatever else needs the database. */
  function tell(error: unknown) {
    if (!failed && !isOutage(error))
      log.warn({ err: error }, 'problems could not be looked at; no alert is sent until that works again')
    failed = true
  }

  const timer = setInterval(start, shortest)
  start()
  return {
    async close() {
      clearInterval(timer)
      await looking
      if (hasTurn) await leaveTurn(db.pool, looker).catch(() => {})
    }
  }
}
