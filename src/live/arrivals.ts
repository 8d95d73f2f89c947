import type { TaskFilters } from '#tasks/listing/schemas.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { isFinal } from '#tasks/words.ts'
import { matcher } from './matches.ts'

// Ids that are remembered, so that each counts once.
const most = 10_000
// Filters of what changes while a task is worked at: by any other, a task fits from its submission on. What a person
// edits (queue, name, tags) is found when the page asks for its list again.
const ofWork = ['status', 'error', 'worker', 'attempts_min', 'ran_min', 'waited_min'] as const

/** Counts the tasks that come to fit a filter from now on. */
export function arrivalsOf(filter: TaskFilters, internal: readonly string[]) {
  const fits = matcher(filter, internal)
  const since = new Date().toISOString()
  const ids = new Set<string>()

  /** Submitted since, or it has just come to its end, and so into a list of such. */
  function isNew({ created_at, state, finished_at }: TaskBody) {
    return created_at >= since || (isFinal(state) && finished_at !== null && finished_at >= since)
  }

  return {
    /** Whether a change can make a task fit that was submitted earlier. */
    byChange: ofWork.some(name => filter[name] !== undefined),
    /** Whether there is one more. */
    hear(task: TaskBody) {
      if (ids.has(task.id) || ids.size >= most || !isNew(task) || !fits(task)) return false
      ids.add(task.id)
      return true
    },
    get count() {
      return ids.size
    }
  }
}
