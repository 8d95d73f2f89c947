import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Claim } from '#tasks/attempts/claim.ts'

interface GiverBackOptions {
  log: Logger
  putBack(claims: Claim[]): Promise<void>
}

/** Puts back claimed tasks that will not start here; several calls may be in progress at once. */
export function giverBack({ log, putBack }: GiverBackOptions) {
  let giving = Promise.resolve()
  const underWay = new Set<string>()

  async function putBackAfter(pause: number, claims: Claim[]) {
    try {
      if (pause > 0) await delay(pause)
      await putBack(claims)
      return true
    } catch (error) {
      log.warn({ err: error, count: claims.length }, 'claimed tasks could not be put back; searching for them')
      return false
    }
  }

  return {
    /** False where they could not be put back: only the database says that this worker has them. */
    give(claims: Claim[], pause = 0): Promise<boolean> {
      for (const { id } of claims) underWay.add(id)
      const mine = putBackAfter(pause, claims).finally(() => {
        for (const { id } of claims) underWay.delete(id)
      })
      // Holds no reference to tasks that have been given back.
      giving = Promise.all([giving, mine]).then(() => {})
      return mine
    },
    /** These tasks still belong to this worker: a search for unanswered claims must not count them as attempts. */
    ids: () => [...underWay],
    /** Resolves when every task given back so far is back or has failed to be. */
    async settled() {
      await giving
    }
  }
}
