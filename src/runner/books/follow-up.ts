import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { delayedQueue } from '#queue/boss.ts'
import type { Counter } from '#stats/counter.ts'
import type { Settled } from '#tasks/endings/ending.ts'
import { findSettled } from '#tasks/endings/settled.ts'
import type { Voice } from '#tasks/voice.ts'
import type { EndedAttempt } from './ended-attempt.ts'

interface FollowUpOptions {
  pool: Pool
  voice: Voice
  counter: Counter
  log: Logger
}

/**
 * Work after endings are written: notifications, and the cleanup of files and rows of attempts. Cleanup may take long,
 * and no outcome waits for it.
 */
export function followUps({ pool, voice, counter, log }: FollowUpOptions) {
  const tidying = new Set<Promise<void>>()

  function tidy(task: string, work: () => Promise<void> | undefined) {
    const mine = Promise.try(work)
      .catch(error => log.error({ err: error, task }, 'cleanup after an attempt failed; its files or rows may remain'))
      .finally(() => tidying.delete(mine))
    tidying.add(mine)
  }

  /** Endings that an earlier statement committed before its connection broke: they count too. */
  async function findEarlier(missing: EndedAttempt[]): Promise<Settled[]> {
    if (missing.length === 0) return []
    return findSettled(
      pool,
      missing.map(({ ending }) => ending)
    )
  }

  return {
    /** `now`: the endings that the statement has changed, of a batch that is written. */
    async settled(batch: EndedAttempt[], now: Settled[]) {
      const changed = new Set(now.map(({ id }) => id))
      const settled = [...now, ...(await findEarlier(batch.filter(({ claim }) => !changed.has(claim.id))))]
      const counted = new Set(settled.map(({ id }) => id))
      const ran = new Map(batch.map(({ claim, ran }) => [claim.id, ran]))
      for (const { id, task, state, queue } of settled) {
        // A task that goes on in others has not run to its end.
        counter.settled({ task, queue }, state, state === 'STARTED' ? undefined : ran.get(id))
        voice.changed(id)
        if (state === 'RETRY') voice.wake(queue, delayedQueue)
        log.debug({ task: id, state }, 'settled')
      }
      for (const { claim, kind, ending } of batch) {
        if (!counted.has(claim.id)) {
          log.warn(
            { task: claim.id, attempt: claim.attempt },
            'an attempt ended that was no longer ours; its outcome is dropped'
          )
        }
        const isKept = ending.outcome === 'success' && counted.has(claim.id)
        if (!isKept && kind?.discard) tidy(claim.id, () => kind.discard!(claim as never))
      }
    },
    tidy,
    /** Resolves when no cleanup is running. */
    async flushed() {
      await Promise.all(tidying)
    }
  }
}

export type FollowUp = ReturnType<typeof followUps>
