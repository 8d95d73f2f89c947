import { type State, states } from '#database/tables.ts'
import { refuse } from '#schema/check.ts'
import { isUuid } from '#schema/common.ts'
import { type Status, stateOf, statuses } from '#tasks/words.ts'
import type { TaskFilters } from './schemas.ts'
import { readWords, type Wanted, wants } from './words.ts'

export type Filters = Omit<TaskFilters, 'limit' | 'cursor' | 'order'>

/** Filters as parameters of the statements. */
export interface Asked {
  /** $1 to $5: states, kinds and queues. */
  groups: unknown[]
  /** $8 and $9: before, after. */
  times: [string, string]
  /** $11 to $26, for what no index answers. */
  conditions: unknown[]
  /** Whether there is such a condition, but for $11. */
  searches: boolean
  /** Whether there is one of $11: of waiting tasks either those whose time is to come are asked for, or all others. */
  splits: boolean
  /** Whatever their kind and queue, but for internal kinds. */
  allKinds: boolean
  /** The statuses that may match. */
  statuses: Status[]
  /** All of the tasks are waiting for their time. */
  onlyScheduled: boolean
  /** All of them are of this schedule, or of this film. */
  schedule: string | undefined
  video: string | undefined
  /** All of them are of this owner. */
  owner: string | undefined
}

/**
 * Reads filters; tasks of internal kinds are left out, unless `task` names one, and those of other owners. A refusal names
 * the field `inside` the request.
 */
export function readFilters(filters: Filters, internal: readonly string[], owner?: string, inside = ''): Asked {
  const { q, attempts_min = 0, ran_min, waited_min, created_before = 'infinity', created_after = '-infinity' } = filters
  const wanted = statusesOf(filters, inside)
  const [tasks, queues] = [readWords(filters.task), readWords(filters.queue)]
  const [workers, schedules, videos] = [filters.worker, filters.schedule_id, filters.video_id].map(readIds)
  const [tags, errors] = [readWords(filters.tag), readWords(filters.error)]
  const scheduled = wanted.includes('SCHEDULED') === wanted.includes('PENDING') ? null : wanted.includes('SCHEDULED')
  const inStates = statesOf(wanted, errors)

  return {
    groups: [inStates, tasks.only, tasks.only ? tasks.not : [...tasks.not, ...internal], queues.only, queues.not],
    times: [created_before, created_after],
    conditions: [
      ...[
        scheduled,
        workers!.only,
        workers!.not,
        tags.only,
        tags.not,
        q === undefined ? null : isUuid(q) ? q : pattern(q)
      ],
      ...[errors.only?.map(pattern) ?? null, errors.not.map(pattern)],
      ...[schedules!.only, schedules!.not, videos!.only, videos!.not],
      ...[attempts_min, ran_min ?? null, waited_min ?? null, owner ?? null]
    ],
    searches:
      owner !== undefined ||
      q !== undefined ||
      attempts_min > 0 ||
      ran_min !== undefined ||
      waited_min !== undefined ||
      [workers!, tags, errors, schedules!, videos!].some(({ only, not }) => only !== null || not.length > 0),
    splits: scheduled !== null,
    allKinds: [tasks, queues].every(({ only, not }) => only === null && not.length === 0),
    statuses: wanted,
    onlyScheduled: wanted.length === 1 && scheduled === true,
    schedule: schedules!.only?.length === 1 ? schedules!.only[0] : undefined,
    video: videos!.only?.length === 1 ? videos!.only[0] : undefined,
    owner
  }
}

/** Those that both filters allow. */
function statusesOf({ state, status }: Filters, inside: string): Status[] {
  const [inState, inStatus] = [readWords(state), readWords(status)]
  for (const [field, { only, not }, known] of [
    ['state', inState, states],
    ['status', inStatus, statuses]
  ] as const) {
    const unknown = [...(only ?? []), ...not].find(word => !(known as readonly string[]).includes(word))
    if (unknown !== undefined) throw refuse([{ field, message: `must be one of ${known.join(', ')}` }], inside)
  }
  return statuses.filter(each => wants(inStatus, each) && wants(inState, stateOf(each)))
}

/** Null for all. A success has no error, so a search in errors does not read any. */
function statesOf(wanted: Status[], errors: Wanted): State[] | null {
  if (wanted.length === statuses.length && errors.only === null) return null
  return [...new Set(wanted.map(stateOf))].filter(state => errors.only === null || state !== 'SUCCESS')
}

/** A garbage id is one that no task has. */
function readIds(text: string | undefined): Wanted {
  const { only, not } = readWords(text)
  return { only: only?.filter(isUuid) ?? null, not: not.filter(isUuid) }
}

/** Finds a text anywhere, in any case. */
function pattern(text: string) {
  return `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`
}
