import type { Logger } from 'pino'
import type { Database } from '#database/connect.ts'
import { isLockWait } from '#database/outage.ts'
import type { Counter } from '#stats/counter.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import { findLocked } from '#tasks/attempts/locked.ts'
import { unclaim } from '#tasks/attempts/unclaim.ts'
import type { Ending } from '#tasks/endings/ending.ts'
import { findOrphans, findUnknown } from '#tasks/endings/recover.ts'
import { settle } from '#tasks/endings/settle.ts'
import { astray } from '#tasks/upkeep/astray.ts'
import { revokeJobless } from '#tasks/upkeep/homeless.ts'
import type { Voice } from '#tasks/voice.ts'

interface RecoveryOptions {
  db: Database
  voice: Voice
  counter: Counter
  log: Logger
}

/** Repairs disagreements between the database and the workers. */
export function recovery({ db, voice, counter, log }: RecoveryOptions) {
  /** Locked tasks are left for the next look. */
  async function settleFree(endings: Ending[]) {
    try {
      return await settle(db, endings)
    } catch (error) {
      if (!isLockWait(error)) throw error
      const locked = await findLocked(db.pool, endings)
      return await settle(
        db,
        endings.filter(({ id }) => !locked.has(id))
      )
    }
  }

  /**
   * All attempts of a worker at once: if a part were written alone, the first of the rest would be blamed for the
   * worker's death.
   */
  async function handOn(attempts: Ending[]) {
    for (const ofOne of Map.groupBy(attempts, ({ worker }) => worker).values()) {
      for (const { id, task, queue, state } of await settleFree(ofOne)) {
        counter.settled({ task, queue }, state)
        log.warn({ task: id, state }, 'the worker of a task is gone; the attempt was ended')
        voice.changed(id)
        voice.wake(queue)
      }
    }
  }

  const lookForAstray = astray(db.pool)

  return {
    /** Ends attempts of dead workers, so that their tasks are retried; revokes tasks whose jobs are gone or changed. */
    async lookForOrphans() {
      await handOn(await findOrphans(db.pool))
      const jobless = await revokeJobless(db.pool)
      if (jobless > 0) log.warn({ count: jobless }, 'tasks were revoked: their queue was removed')
      const strayed = await lookForAstray()
      if (strayed > 0) log.warn({ count: strayed }, 'tasks were revoked: their jobs were removed or changed by hand')
    },

    /** Ends attempts that are this worker's in the database and that it does not run. */
    async handOnUnknown(worker: string, inHand: string[]) {
      await handOn(await findUnknown(db.pool, worker, inHand))
    },

    /** Puts back claimed tasks that have not started, as if they had never been claimed. */
    async putBack(claims: Claim[]) {
      for (const { id, queue } of await unclaim(db, claims)) {
        voice.changed(id)
        voice.wake(queue)
      }
    }
  }
}
