import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Claim } from '#tasks/attempts/claim.ts'

interface GiverBackOptions {
  log: Logger
  putBack(claims: Claim[]): Promise<void>
}

/** Puts back what was claimed and will not begin here; several may be under way at once. */
export function giverBack({ log, putBack }: GiverBackOptions) {
  let giving = Promise.resolve()
  const underWay = new Set<string>()

  async function putBackAfter(pause: number, claims: Claim[]) {
    try {
      if (pause > 0) await delay(pause)
      await putBack(claims)
      return true
    } catch (error) {
      log.warn({ err: error, count: claims.length }, 'tasks could not be put back; the worker looks for them again')
      return false
    }
  }

  return {
    /** False where they could not be put back: they are this worker's by the database's account alone. */
    give(claims: Claim[], pause = 0): Promise<boolean> {
      for (const { id } of claims) underWay.add(id)
      const mine = putBackAfter(pause, claims).finally(() => {
        for (const { id } of claims) underWay.delete(id)
      })
      // Nothing is kept of what has been given back.
      giving = Promise.all([giving, mine]).then(() => {})
      return mine
    },
    /** What is being put back is still this worker's: a search for claims without an answer must not count it as an attempt. */
    ids: () => [...underWay],
    /** Resolves when all that was given back so far is back, or cannot be. */
    async settled() {
      await giving
    }
  }
}
