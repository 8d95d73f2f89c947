import type { TaskFilters } from '#tasks/listing/schemas.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { isFinal } from '#tasks/words.ts'
import type { Edit } from './edits.ts'
import { matcher } from './matches.ts'

// Ids that are remembered, so that each counts once.
const most = 10_000
// Filters of what changes while a task is worked at: by any other, a task fits from its submission on, or by an edit.
const ofWork = ['status', 'error', 'worker', 'attempts_min', 'ran_min', 'waited_min'] as const

/** Counts the tasks that come to fit a filter from now on. */
export function arrivalsOf(filter: TaskFilters, internal: readonly string[]) {
  const fits = matcher(filter, internal)
  const since = new Date().toISOString()
  const submitted = new Set<string>()
  const changed = new Set<string>()
  let counted = 0

  /** Submitted since, or it has just come to its end, and so into a list of such. */
  function setOf({ created_at, state, finished_at }: TaskBody) {
    if (created_at >= since) return submitted
    return isFinal(state) && finished_at !== null && finished_at >= since ? changed : undefined
  }

  return {
    /** Of the tasks that were submitted since: for a count of those that are too many to be heard one by one. */
    filterOfSubmitted: {
      ...filter,
      created_after: filter.created_after !== undefined && filter.created_after > since ? filter.created_after : since
    },
    /** Whether a change can make a task fit that was submitted earlier. */
    byChange: ofWork.some(name => filter[name] !== undefined),
    /** Whether there is one more. */
    hear(task: TaskBody) {
      const ids = setOf(task)
      if (!ids || ids.size >= most || submitted.has(task.id) || changed.has(task.id) || !fits(task)) return false
      ids.add(task.id)
      return true
    },
    /** Whether an edit has brought one more. */
    hearEdit({ at, task, before }: Edit) {
      if (setOf(task) === submitted) return this.hear(task)
      if (at < since || changed.size >= most || changed.has(task.id) || !fits(task) || fits(before)) return false
      changed.add(task.id)
      return true
    },
    /** They are so many that some were not heard. */
    isFull: () => submitted.size >= most,
    /** The database has counted so many that were submitted since. */
    hearCount(submittedSince: number) {
      counted = submittedSince
    },
    get count() {
      return Math.max(counted, submitted.size) + changed.size
    }
  }
}
