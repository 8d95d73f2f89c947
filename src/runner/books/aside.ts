import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { together } from '#database/batching.ts'
import type { Database } from '#database/connect.ts'
import { isOutage, reasonOf } from '#database/outage.ts'
import type { Ending } from '#tasks/endings/ending.ts'
import { settle } from '#tasks/endings/settle.ts'
import type { EndedAttempt } from './ended-attempt.ts'
import type { FollowUp } from './follow-up.ts'
import { Locked, RecordFailed, writeAlone } from './write-alone.ts'

// As many as the pool has connections.
const parallel = 2
// Milliseconds.
const firstPause = 100
const longestPause = 5_000

/**
 * Milliseconds that one `record` may take, and for which its passing failures, such as lock waits, are retried. A film
 * that took hours is worth the wait for an open psql transaction; but a `record` that never works must end too.
 */
const recordLimits = { each: 30_000, trouble: 30 * 60_000 }

interface AsideWriterOptions {
  db: Database
  log: Logger
  followUp: FollowUp
  limits?: typeof recordLimits
}

/**
 * Writes endings one by one, each with retries of its own: endings of kinds with a `record` (same transaction), endings
 * that wait for a lock, and endings that Postgres refuses. None of them delays the others.
 */
export function asideWriter({ db, log, followUp, limits = recordLimits }: AsideWriterOptions) {
  const parts = { db, followUp, longestRecord: limits.each }
  const pending = new Map<EndedAttempt, Promise<void>>()
  const closing = new AbortController()
  const inTurn = together<() => Promise<void>, void>({
    parallel,
    most: 1,
    run: async ([write]) => [await write!()]
  })

  async function writeUntilDone(ended: EndedAttempt) {
    let troubleSince: number | undefined
    for (let pause = firstPause; !closing.signal.aborted; pause = Math.min(pause * 2, longestPause)) {
      try {
        return await inTurn(() => writeAlone(ended, parts))
      } catch (error) {
        troubleSince = error instanceof RecordFailed ? (troubleSince ?? performance.now()) : undefined
        const isOver = troubleSince !== undefined && performance.now() - troubleSince >= limits.trouble
        if ((isOver || !isPassing(error)) && (await isFailed(ended, causeOf(error)))) return
        log[pause === firstPause ? 'warn' : 'debug'](
          { err: causeOf(error), task: ended.claim.id, kind: ended.claim.task },
          'an outcome could not be written; retrying it, other outcomes do not wait'
        )
      }
      await delay(pause, undefined, { signal: closing.signal }).catch(() => {})
    }
  }

  /** Writes a failure instead, and answers whether Postgres took it. */
  async function isFailed(ended: EndedAttempt, error: Error): Promise<boolean> {
    const failure = failureFor(ended, error)
    const { id: task, task: kind, attempt } = ended.claim
    try {
      await inTurn(async () => followUp.settled([{ ...ended, ending: failure }], await settle(db, [failure])))
      log.error({ err: error, task, kind, attempt }, 'task failed: its outcome could not be recorded')
      return true
    } catch (error) {
      if (!isOutage(error)) log.error({ err: error, task }, 'Postgres refused an outcome twice; retrying')
      return false
    }
  }

  return {
    add(ended: EndedAttempt) {
      if (pending.has(ended)) return
      pending.set(
        ended,
        writeUntilDone(ended).finally(() => pending.delete(ended))
      )
    },
    /** Endings that are not written yet. */
    waiting: () => [...pending.keys()].map(({ claim }) => claim),
    async flushed() {
      await Promise.all(pending.values())
    },
    close() {
      closing.abort()
    }
  }
}

export type AsideWriter = ReturnType<typeof asideWriter>

/** Result and report may be the cause of the error, so they are left out. */
function failureFor({ ending: { result: _, reported: __, ...ending } }: EndedAttempt, error: Error): Ending {
  return {
    ...ending,
    outcome: 'failure',
    error: { type: 'NotRecorded', message: `Its outcome could not be written: ${reasonOf(error)}` },
    next: { state: 'FAILURE' }
  }
}

function causeOf(error: unknown) {
  return error instanceof RecordFailed ? error.cause : (error as Error)
}

/** True for failures that may pass without any change. */
function isPassing(error: unknown) {
  return error instanceof Locked || isOutage(causeOf(error))
}
