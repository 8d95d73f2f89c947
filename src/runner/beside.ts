import type { Bodies } from './bodies/bodies.ts'
import type { Books } from './books/books.ts'
import type { Connections } from './connections.ts'
import { lookAtHeld } from './held.ts'
import type { Intake } from './intake/intake.ts'

interface BesideOptions {
  intake: Intake
  bodies: Bodies
  books: Books
  connections: Connections
  onError(error: unknown): void
}

/**
 * What a worker looks at with each heartbeat, apart from it: a lock on one of these rows must not let the lease run out.
 */
export function besideHeartbeats({ intake, bodies, books, connections, onError }: BesideOptions) {
  let looking: Promise<void> | undefined
  let orphans = false

  async function look() {
    await lookAtHeld(connections.work.pool, bodies.desk)
    if (!orphans) return
    orphans = false
    await intake.lookForQueues()
    await books.recover.lookForOrphans()
  }

  return {
    look() {
      looking ??= look()
        .catch(onError)
        .finally(() => {
          looking = undefined
        })
    },
    /** The next look is for tasks of lost workers, too. */
    wantOrphans() {
      orphans = true
    },
    close: async () => looking
  }
}
