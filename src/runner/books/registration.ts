import type { Pool } from 'pg'
import { v7 as uuid } from 'uuid'
import type { Kinds } from '#tasks/define.ts'
import { type Desired, endDeadNeighbours, type Pools, register, sayEnding, unregister } from '#workers/presence.ts'
import { openTally } from '#workers/tally.ts'
import type { Media } from '../media.ts'

interface OpenRegistrationOptions {
  pool: Pool
  id: string
  version: string
  kinds: Kinds
  media: Media
}

/** The worker's row in `darkroom.workers`: its current id, and its attempts counted by outcome. */
export function openRegistration({ pool, id: first, version, kinds, media }: OpenRegistrationOptions) {
  const { sandbox: mediaSandbox, withheld } = media
  const known = { pools: poolsOf(kinds, withheld), withheld, mediaSandbox }
  const tally = openTally()
  let id = first
  let registered = false

  return {
    get id() {
      return id
    },
    tally,

    /** Removes the row of an interrupted start, which would count as a running worker. */
    clear: () => unregister(pool, id),

    /** From here on the worker counts as running. */
    async register(queues: string[], concurrency: number): Promise<void> {
      // Without waiting for the lease of a worker that was killed on this machine.
      await endDeadNeighbours(pool)
      registered = true
      await register(pool, { id, version, queues, concurrency, ...known })
    },

    /** Registers under a new id after another worker declared this one lost; the desired state is taken over. */
    async startOver(queues: string[], concurrency: number): Promise<Desired> {
      const next = uuid()
      const desired = await register(pool, { id: next, version, queues, concurrency, ...known }, id)
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

/** Names of the kinds in each pool that this worker takes. */
function poolsOf(kinds: Kinds, withheld: string[]): Pools {
  const taken = [...kinds.values()].filter(({ name }) => !withheld.includes(name))
  const names = (pool: string) => taken.filter(kind => kind.pool === pool).map(({ name }) => name)
  return { child: names('child').toSorted(), inline: names('inline').toSorted() }
}
