import type { Principal } from '#access/principal.ts'
import { sightOf } from '#access/principal.ts'
import type { BulkAction, State } from '#database/tables.ts'
import { internalKinds } from '#tasks/internal.ts'
import { type Asked, type Filters, readFilters } from '#tasks/listing/filters.ts'
import { stateOf } from '#tasks/words.ts'

/** The states in which a task can be acted upon. */
export const fitting: Record<Exclude<BulkAction, 'undo'>, readonly State[]> = {
  retry: ['FAILURE', 'REVOKED'],
  cancel: ['PENDING', 'RETRY', 'STARTED'],
  forget: ['SUCCESS', 'FAILURE', 'REVOKED'],
  move: ['PENDING', 'RETRY']
}

/** The tasks beyond which a key may not act, whatever the filter says; kept with the operation. */
export interface Sight {
  owner?: string | undefined
  kinds?: string[] | undefined
  queues?: string[] | undefined
}

export function sightOfKey(principal: Principal): Sight {
  const { kinds, queues } = principal.limits ?? {}
  return { owner: sightOf(principal), kinds, queues }
}

/** A filter that no later task fits: its end is the moment, unless it ends earlier. */
export function freeze(filter: Filters, moment: Date): Filters {
  const { created_before: until } = filter
  const isEarlier = until !== undefined && new Date(until) < moment
  return { ...filter, created_before: isEarlier ? until : moment.toISOString() }
}

/** Those tasks of a filter that the key may act upon. */
export function visible(filter: Filters, { owner, kinds, queues }: Sight): Asked {
  const asked = readFilters(filter, internalKinds, owner, 'filter')
  const [states, tasks, notTasks, lanes, notLanes] = asked.groups as [unknown, Names, string[], Names, string[]]
  const groups = [states, both(tasks, kinds), notTasks, both(lanes, queues), notLanes]
  return { ...asked, groups, allKinds: asked.allKinds && kinds === undefined && queues === undefined }
}

export type Names = string[] | null

/** Names that a filter asks for and a limit allows; null for all. */
export function both(asked: Names, allowed: string[] | undefined): Names {
  if (allowed === undefined) return asked
  return asked === null ? allowed : asked.filter(name => allowed.includes(name))
}

/** Those of them that fit the action; undefined where none can. */
export function matching(filter: Filters, action: Exclude<BulkAction, 'undo'>, sight: Sight): Asked | undefined {
  const asked = visible(filter, sight)
  const [states, ...rest] = asked.groups
  const wanted = fitting[action].filter(state => states === null || (states as State[]).includes(state))
  if (wanted.length === 0) return undefined
  const statuses = asked.statuses.filter(status => wanted.includes(stateOf(status)))
  return { ...asked, groups: [wanted, ...rest], statuses }
}
