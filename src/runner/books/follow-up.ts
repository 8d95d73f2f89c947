import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { delayedQueue } from '#queue/boss.ts'
import type { Settled } from '#tasks/attempts/ending.ts'
import { findSettled } from '#tasks/attempts/settled.ts'
import type { Voice } from '#tasks/voice.ts'
import type { EndedAttempt } from './ended-attempt.ts'

interface FollowUpOptions {
  pool: Pool
  voice: Voice
  log: Logger
}

/**
 * What follows once endings are written: other processes are told, and what attempts have left behind is removed. That
 * may take long, and no outcome waits for it.
 */
export function followUps({ pool, voice, log }: FollowUpOptions) {
  const tidying = new Set<Promise<void>>()

  function tidy(task: string, work: () => Promise<void> | undefined) {
    const mine = Promise.try(work)
      .catch(error => log.error({ err: error, task }, 'what an attempt left behind could not be removed'))
      .finally(() => tidying.delete(mine))
    tidying.add(mine)
  }

  /** The connection may have broken after a commit and before its answer: those count too. */
  async function findEarlier(missing: EndedAttempt[]): Promise<Settled[]> {
    if (missing.length === 0) return []
    return findSettled(
      pool,
      missing.map(({ ending }) => ending)
    )
  }

  return {
    /** `now` is what the statement has changed, of a batch that is written. */
    async settled(batch: EndedAttempt[], now: Settled[]) {
      const changed = new Set(now.map(({ id }) => id))
      const settled = [...now, ...(await findEarlier(batch.filter(({ claim }) => !changed.has(claim.id))))]
      const counted = new Set(settled.map(({ id }) => id))
      for (const { id, state, queue } of settled) {
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
    /** Resolves when nothing is being removed. */
    async flushed() {
      await Promise.all(tidying)
    }
  }
}

export type FollowUp = ReturnType<typeof followUps>
