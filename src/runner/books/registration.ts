import type { Pool } from 'pg'
import { v7 as uuid } from 'uuid'
import type { Kinds } from '#tasks/define.ts'
import { type Desired, endDeadNeighbours, type Pools, register, sayEnding, unregister } from '#workers/presence.ts'
import { openTally } from '#workers/tally.ts'

interface OpenRegistrationOptions {
  pool: Pool
  id: string
  version: string
  kinds: Kinds
}

/** The worker's row in `darkroom.workers`: its present id, and how its attempts have ended under it. */
export function openRegistration({ pool, id: first, version, kinds }: OpenRegistrationOptions) {
  const pools = poolsOf(kinds)
  const tally = openTally()
  let id = first
  let registered = false

  return {
    get id() {
      return id
    },
    tally,

    /** A start that was cut off may have left the row, which would be taken for a worker that is up. */
    clear: () => unregister(pool, id),

    /** From here on the worker counts as one that is up. */
    async register(queues: string[], concurrency: number): Promise<void> {
      // A worker that was killed on this machine need not be waited for.
      await endDeadNeighbours(pool)
      registered = true
      await register(pool, { id, version, queues, pools, concurrency })
    },

    /** Another worker declared this one lost: it goes on under a new id, and does what was wanted of the former one. */
    async startOver(queues: string[], concurrency: number): Promise<Desired> {
      const next = uuid()
      const desired = await register(pool, { id: next, version, queues, pools, concurrency }, id)
      id = next
      tally.reset()
      return desired
    },

    sayEnding: () => sayEnding(pool, id),

    async close() {
      if (registered) await unregister(pool, id, tally.counts(0)).catch(() => {})
    }
  }
}

export type Registration = ReturnType<typeof openRegistration>

/** Which kinds run where. */
function poolsOf(kinds: Kinds): Pools {
  const names = (pool: string) => [...kinds.values()].filter(kind => kind.pool === pool).map(({ name }) => name)
  return { child: names('child').toSorted(), inline: names('inline').toSorted() }
}
