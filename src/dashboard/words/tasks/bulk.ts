import { exactCount, plural } from '../number.ts'
import type { Filter } from './filter.ts'
import { momentOf } from './filter.ts'

export const bulkActs = ['retry', 'cancel', 'move', 'forget'] as const
export type BulkAct = (typeof bulkActs)[number]

/** The act's own verb. */
export const verbs: Record<BulkAct | 'undo', string> = {
  retry: 'Retry',
  cancel: 'Cancel',
  move: 'Move',
  forget: 'Forget',
  undo: 'Undo'
}

export const meanings: Record<BulkAct, string> = {
  retry: 'what failed or was cancelled',
  cancel: 'what has not finished; running tasks are stopped',
  move: 'what waits, to another queue',
  forget: 'what has finished, with its results, for good'
}

/** The filter of the list as the API takes it: with moments in place of relative times, and numbers. */
export function bulkFilter(filter: Filter, now: number): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(filter).map(([name, value]) => {
      if (name.startsWith('created_')) return [name, momentOf(value, now)]
      return [name, name.endsWith('_min') ? Number(value) : value]
    })
  )
}

export interface Found {
  count: number
  exact: boolean
}

export function tasksText({ count, exact }: Found) {
  return `${exact ? '' : 'about '}${exactCount(count)} ${count === 1 ? 'task' : 'tasks'}`
}

export interface Operation {
  action: BulkAct | 'undo'
  status: 'waiting' | 'running' | 'completed' | 'aborted' | 'failed'
  expected: number
  exact: boolean
}

export function titleOfOperation({ action, expected, exact }: Operation) {
  return action === 'undo'
    ? `Undo an act on ${plural(expected, 'task')}`
    : `${verbs[action]} ${tasksText({ count: expected, exact })}`
}

export const hasEnded = ({ status }: Pick<Operation, 'status'>) => status !== 'waiting' && status !== 'running'

const reasons: Record<string, string> = {
  not_retryable: 'not to be retried any more',
  finished: 'finished meanwhile',
  not_waiting: 'no longer waiting',
  moved_on: 'moved on since',
  was_running: 'had been running',
  video_busy: 'their film has an open task',
  locked: 'held by another transaction',
  gone: 'gone',
  queue_gone: 'their queue is gone',
  beyond_limits: 'beyond the limits of the key'
}

export function skippedText(skipped: readonly { reason: string; count: number }[]) {
  return skipped.map(({ reason, count }) => `${exactCount(count)} ${reasons[reason] ?? reason}`).join(', ')
}
