import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { gather } from '#database/batching.ts'
import type { Database } from '#database/connect.ts'
import type { AsideWriter } from './aside.ts'
import type { EndedAttempt } from './ended-attempt.ts'
import type { FollowUp } from './follow-up.ts'
import { writeBatch } from './write-batch.ts'

// pg-boss's fencing is measured to stay fast up to batches of this size.
const largestBatch = 200
const firstPause = 50
const longestPause = 5_000

interface SettlerOptions {
  db: Database
  log: Logger
  aside: AsideWriter
  followUp: FollowUp
}

/**
 * Writes endings, concurrent ones in one statement, and retries while the database is unreachable: a known outcome is
 * never lost, and counts only if the attempt is still this worker's by then. An ending that would delay the others is
 * written aside: because its kind has a `record`, because of a lock, or because Postgres refuses it.
 */
export function settler({ db, log, aside, followUp }: SettlerOptions) {
  const waiting = new Set<EndedAttempt>()
  const parts = { db, aside, followUp, waiting }
  let writing: Promise<void> | undefined
  let closed = false

  async function writeAll() {
    for (let pause = firstPause; waiting.size > 0 && !closed; ) {
      const batch = waiting.values().take(largestBatch).toArray()
      const successes = batch.filter(({ ending }) => ending.outcome === 'success')
      const others = batch.filter(({ ending }) => ending.outcome !== 'success')
      try {
        await writeBatch(successes, parts)
        await writeBatch(others, parts)
        pause = firstPause
        // A commit costs API and worker more than its contents.
        if (waiting.size < largestBatch) await gather(batch.length)
      } catch (error) {
        log.debug({ err: error, count: waiting.size }, 'outcomes could not be written; retrying')
        await delay(pause)
        pause = Math.min(pause * 2, longestPause)
      }
    }
  }

  return {
    add(ended: EndedAttempt) {
      if (ended.kind?.record && ended.ending.outcome === 'success') return aside.add(ended)
      waiting.add(ended)
      writing ??= writeAll().finally(() => {
        writing = undefined
      })
    },
    /** Endings that are neither written nor aside. */
    waiting: () => [...waiting].map(({ claim }) => claim),
    /** Resolves when every added ending is written or aside. */
    flushed: async () => writing,
    close() {
      closed = true
    }
  }
}

export type Settler = ReturnType<typeof settler>
