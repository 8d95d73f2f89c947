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

/** A filter that no later task fits: its end is the moment, unless it ends earlier. */
export function freeze(filter: Filters, moment: Date): Filters {
  const { created_before: until } = filter
  const isEarlier = until !== undefined && new Date(until) < moment
  return { ...filter, created_before: isEarlier ? until : moment.toISOString() }
}

/** Those tasks of a filter that fit the action; undefined where none can. */
export function matching(filter: Filters, action: Exclude<BulkAction, 'undo'>): Asked | undefined {
  const asked = readFilters(filter, internalKinds)
  const [states, ...rest] = asked.groups
  const wanted = fitting[action].filter(state => states === null || (states as State[]).includes(state))
  if (wanted.length === 0) return undefined
  const statuses = asked.statuses.filter(status => wanted.includes(stateOf(status)))
  return { ...asked, groups: [wanted, ...rest], statuses }
}
