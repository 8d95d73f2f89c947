import type { Logger } from 'pino'
import type { Database } from '#database/connect.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Ending } from '#tasks/attempts/ending.ts'
import { findLocked, isLockWait } from '#tasks/attempts/locked.ts'
import { findOrphans, findUnknown } from '#tasks/attempts/recover.ts'
import { settle } from '#tasks/attempts/settle.ts'
import { unclaim } from '#tasks/attempts/unclaim.ts'
import { astray } from '#tasks/upkeep/astray.ts'
import { revokeJobless } from '#tasks/upkeep/homeless.ts'
import type { Voice } from '#tasks/voice.ts'

interface Needs {
  db: Database
  voice: Voice
  log: Logger
}

/** Puts right what the database and the workers see differently. */
export function recovery({ db, voice, log }: Needs) {
  /** Those that somebody holds a lock on are left for the next look. */
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

  /** All of a worker's at once: of those that were left, the first would be held to be what it died of. */
  async function handOn(attempts: Ending[]) {
    for (const ofOne of Map.groupBy(attempts, ({ worker }) => worker).values()) {
      for (const { id, queue, state } of await settleFree(ofOne)) {
        log.warn({ task: id, state }, 'a task lost its worker')
        voice.changed(id)
        voice.wake(queue)
      }
    }
  }

  const lookForAstray = astray(db.pool)

  return {
    /** Attempts whose workers are gone: tried again elsewhere, perhaps here. */
    async orphans() {
      await handOn(await findOrphans(db.pool))
    },

    /** Tasks that nobody will ever run: their queue was removed. */
    async jobless() {
      const count = await revokeJobless(db.pool)
      if (count > 0) log.warn({ count }, 'tasks were revoked with their queue')
    },

    /** Tasks that nobody will ever end: their jobs say something else. */
    async astray() {
      const count = await lookForAstray()
      if (count > 0) log.warn({ count }, 'tasks were revoked whose jobs were removed or changed, and not by Darkroom')
    },

    /** Ours by the database's account, but nothing that is in hand here. */
    async unknown(worker: string, inHand: string[]) {
      await handOn(await findUnknown(db.pool, worker, inHand))
    },

    /** What was taken and has not begun: put back as if it had never been taken. */
    async putBack(claims: Claim[]) {
      for (const { id, queue } of await unclaim(db, claims)) {
        voice.changed(id)
        voice.wake(queue)
      }
    }
  }
}
