import type { Pool } from 'pg'
import type { State } from '#database/tables.ts'
import { type Status, statusOfState } from '#tasks/words.ts'
import type { Asked } from '../listing/filters.ts'
import type { SearchLimits } from '../listing/search.ts'
import { tally } from './tally.ts'
import { countGroupsSql, countLargeGroupsSql, countScheduledSql, estimateStatesSql } from './tally-sql.ts'

/** How many tasks of a status, kind and queue there are; not exact: about so many, or at least. */
export interface Count {
  status: Status
  task: string
  queue: string
  count: number
  exact: boolean
}

export interface Counted {
  counts: Count[]
  /** When they were counted. */
  at: Date
  /** The time that a search came to, if it did not come to the end. */
  searchedUntil: string | null
}

interface Group {
  state: State
  task: string
  queue: string
  count: number
  /** There are more than were counted. */
  more: boolean
  estimate?: number | null
}

// Index rows that are read of the groups that have more than their share of a first look, and scheduled tasks.
const secondLook = 100_000
const lookAtSuccesses = 50_000
const mostScheduled = 100_000

/** Counts tasks within a bounded time: by indexes, with estimates for what is very much, else by a search. */
export async function countTasks(pool: Pool, asked: Asked, limits?: SearchLimits): Promise<Counted> {
  const at = new Date()
  if (asked.searches) {
    const { counts, stopped } = await tally(pool, asked, undefined, limits)
    return {
      counts: counts.map(each => ({ ...each, exact: stopped === undefined })),
      at,
      searchedUntil: stopped?.place ?? null
    }
  }
  const { rows } = await pool.query<Group>({
    name: 'count groups',
    text: countGroupsSql,
    values: [...asked.groups, ...asked.times]
  })
  const groups = await countLarge(pool, asked, rows)
  const waiting = groups.filter(({ state }) => state === 'PENDING')
  const others = groups.filter(({ state }) => state !== 'PENDING')
  const counts = [
    ...others.map(({ state, task, queue, count, more }) => {
      return { status: statusOfState(state, false), task, queue, count, exact: !more }
    }),
    ...(await splitWaiting(pool, asked, waiting))
  ]
  return { counts: counts.filter(({ status }) => asked.statuses.includes(status)), at, searchedUntil: null }
}

/** Counts on in large groups, successes last; what is larger still is estimated. */
async function countLarge(pool: Pool, asked: Asked, groups: Group[]): Promise<Group[]> {
  const large = groups.filter(({ more }) => more)
  if (large.length === 0) return groups
  const [successes, others] = [large.filter(isSuccess), large.filter(group => !isSuccess(group))]
  const most = (group: Group) =>
    Math.floor(isSuccess(group) ? lookAtSuccesses / successes.length : secondLook / others.length)
  const values = [
    ...[large.map(({ state }) => state), large.map(({ task }) => task), large.map(({ queue }) => queue)],
    large.map(group => Math.max(group.count, most(group))),
    ...asked.times
  ]
  const { rows } = await pool.query<Group>({ name: 'count large groups', text: countLargeGroupsSql, values })
  const counted = [...groups.filter(({ more }) => !more), ...rows]
  return rows.some(({ more }) => more) ? estimateOf(pool, asked, counted) : counted
}

function isSuccess({ state }: Group) {
  return state === 'SUCCESS'
}

/**
 * The number of a whole state is known well; Postgres takes kind and queue for independent, so its numbers of groups
 * only say how the rest of the state is shared out.
 */
async function estimateOf(pool: Pool, asked: Asked, groups: Group[]): Promise<Group[]> {
  const states = [...new Set(groups.filter(({ more }) => more).map(({ state }) => state))]
  const { rows } = await pool.query<{ state: State; count: number }>({
    name: 'estimate states',
    text: estimateStatesSql,
    values: [states, ...asked.times]
  })
  return groups.map(group => {
    if (!group.more) return group
    const ofState = groups.filter(({ state }) => state === group.state)
    const left = rows.find(({ state }) => state === group.state)!.count - total(ofState.filter(({ more }) => !more))
    const shares = ofState.filter(({ more }) => more).reduce((all, { estimate }) => all + (estimate ?? 0), 0)
    const share = asked.allKinds && shares > 0 ? (left * (group.estimate ?? 0)) / shares : (group.estimate ?? 0)
    return { ...group, count: Math.max(group.count, Math.round(share)) }
  })
}

function total(groups: { count: number }[]) {
  return groups.reduce((all, { count }) => all + count, 0)
}

/** Tells those whose time is to come from others. */
async function splitWaiting(pool: Pool, asked: Asked, waiting: Group[]): Promise<Count[]> {
  if (waiting.length === 0) return []
  const { rows } = await pool.query<{ task: string; queue: string; count: number; estimate: number | null }>({
    name: 'count scheduled',
    text: countScheduledSql,
    values: [...asked.times, mostScheduled]
  })
  const seen = total(rows)
  return waiting.flatMap(({ task, queue, count, more }) => {
    const found = rows.find(row => row.task === task && row.queue === queue)
    const times = found && found.estimate !== null ? Math.max(1, found.estimate / seen) : 1
    const scheduled = Math.min(count, Math.round((found?.count ?? 0) * times))
    const known = { task, queue, exact: !more && times === 1 }
    return [
      { ...known, status: 'SCHEDULED' as const, count: scheduled },
      { ...known, status: 'PENDING' as const, count: count - scheduled }
    ]
  })
}
