import type { Logger } from 'pino'
import type { Claim } from '#tasks/attempts/claim.ts'

interface Needs {
  log: Logger
  putBack(claims: Claim[]): Promise<void>
  /** They could not be put back: ours by the database's account and not by our own, until somebody looks. */
  onDoubt(): void
}

/** Puts back what was taken and will not begin here; several may be under way at once. */
export function giverBack({ log, putBack, onDoubt }: Needs) {
  let giving = Promise.resolve()

  return {
    give(claims: Claim[]): Promise<void> {
      const mine = putBack(claims).catch(error => {
        log.warn({ err: error }, 'tasks could not be put back')
        onDoubt()
      })
      // Of what has been given back nothing is to be kept.
      giving = Promise.all([giving, mine]).then(() => {})
      return mine
    },
    /** Resolves when all that was given back so far is back, or cannot be. */
    async settled() {
      await giving
    }
  }
}
