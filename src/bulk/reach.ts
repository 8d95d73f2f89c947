import { beyond } from '#access/limits.ts'
import type { Principal } from '#access/principal.ts'
import { refuseInternal } from '#tasks/internal.ts'
import type { Filters } from '#tasks/listing/filters.ts'
import { readWords } from '#tasks/listing/words.ts'
import { both, type Names, type Sight } from './matching.ts'

/** What an operation acts upon, with whatever key it was asked for. */
export interface Reach {
  filter: Filters
  sight: Sight
  /** Queue that tasks are moved to. */
  queue?: string | null
}

/** A filter that names an internal kind is for `admin`; others leave those kinds out. */
export function refuseInternalKinds({ task }: Filters, principal: Principal) {
  for (const kind of readWords(task).only ?? []) refuseInternal(kind, principal)
}

/** An abort or an undo is an act on all tasks of the operation, so all of them must be within the limits of the key. */
export function mustReach({ filter, sight, queue }: Reach, principal: Principal) {
  const { kinds, queues } = principal.limits ?? {}
  refuseInternalKinds(filter, principal)
  if (!isWithin(both(readWords(filter.task).only, sight.kinds), kinds)) {
    throw beyond('kinds', 'the operation acts on kinds that it may not use')
  }
  const named = both(readWords(filter.queue).only, sight.queues)
  if (!isWithin(named, queues) || (queue && !isWithin([queue], queues))) {
    throw beyond('queues', 'the operation acts on queues that it may not use')
  }
}

function isWithin(names: Names, allowed: string[] | undefined) {
  return allowed === undefined || (names?.every(name => allowed.includes(name)) ?? false)
}
