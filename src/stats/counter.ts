import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { State } from '#database/tables.ts'
import type { Metrics, Outcome } from '#metrics/metrics.ts'
import { type Counted, type Lane, openCells } from './cells.ts'
import { writeMinutes } from './write.ts'

const minute = 60_000
// Milliseconds. A stop does not wait for a chart.
const longestClose = 2_000

// What becomes of a task; a cancellation is noted by the database.
const words: Partial<Record<State, Counted>> = { SUCCESS: 'succeeded', FAILURE: 'failed', RETRY: 'retried' }
const outcomes: Partial<Record<State, Outcome>> = { SUCCESS: 'success', FAILURE: 'failure' }

interface OpenCounterOptions {
  pool: Pool
  metrics: Metrics
  log: Logger
}

/**
 * Counts what this worker's attempts become, in memory, to be written with each heartbeat: no transaction that settles
 * a task waits for a chart. What cannot be written is kept and added later. When the answer to a write is lost, its
 * counts may be added twice.
 */
export function openCounter({ pool, metrics, log }: OpenCounterOptions) {
  const cells = openCells()
  // The database's time when performance.now() was 0; this machine's clock may be off.
  let origin = performance.timeOrigin
  let isClockKnown = false
  let writing: Promise<void> | undefined

  const now = () => Math.floor((origin + performance.now()) / minute) * minute

  async function writeOnce() {
    if (isClockKnown && cells.size === 0) return
    const taken = cells.take()
    try {
      origin = (await writeMinutes(pool, taken)).getTime() - performance.now()
      isClockKnown = true
    } catch (error) {
      cells.putBack(taken)
      log.debug({ err: error, cells: cells.size }, 'counts for charts could not be written; retrying')
    }
    const dropped = cells.takeDropped()
    if (dropped > 0) log.warn({ dropped }, 'charts miss some counts: too many could not be written')
  }

  function write() {
    writing ??= writeOnce().finally(() => {
      writing = undefined
    })
    return writing
  }

  return {
    /** A body starts, so many milliseconds after its task was due; null where that is not known. */
    started(lane: Lane, waited: number | null) {
      cells.count(now(), lane, 'started')
      if (waited === null) return
      cells.time(now(), lane, 'wait_hist', waited)
      metrics.waited(lane, waited)
    },
    /** An attempt has ended and its ending is committed; `ran` in milliseconds, where its body ran here. */
    settled(lane: Lane, state: State, ran?: number) {
      const word = words[state]
      if (word) cells.count(now(), lane, word)
      const outcome = outcomes[state]
      if (outcome) metrics.ended(lane, outcome)
      if (ran === undefined) return
      cells.time(now(), lane, 'run_hist', ran)
      metrics.ran(lane, ran)
    },
    /** Never rejects. */
    write,
    /** Writes what is left, unless the database is away. */
    async close() {
      await Promise.race([writing, delay(longestClose, undefined, { ref: false })])
      if (cells.size > 0) await Promise.race([write(), delay(longestClose, undefined, { ref: false })])
    }
  }
}

export type Counter = ReturnType<typeof openCounter>
