import type { CountTasks } from '#tasks/counts/counter.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { arrivalsOf } from './arrivals.ts'
import type { Edit } from './edits.ts'
import type { Interest } from './interest.ts'
import type { News } from './news.ts'

interface Lately {
  tasks: TaskBody[]
  /** These are not all. */
  more: boolean
}

export interface NewsOfTasks {
  /** Tasks that were submitted lately. */
  submitted: News<Lately>
  /** Tasks that were edited lately. */
  edited: News<Edit[]>
  internal: readonly string[]
}

interface ArrivingOptions extends NewsOfTasks {
  count: CountTasks
  /** Tasks in sight do not arrive. */
  shown: ReadonlySet<string>
  tell(arrived: number): void
  lose(): void
}

export type Arriving = ReturnType<typeof arrivingIn>

/** Tells a page how many tasks came to fit the filter of its view. */
export function arrivingIn(filter: NonNullable<Interest['filter']>, options: ArrivingOptions) {
  const { submitted, edited, internal, count, shown, tell, lose } = options
  const arrivals = arrivalsOf(filter, internal)
  let flooded = false
  let left = false

  function hear(task: TaskBody) {
    if (!shown.has(task.id) && arrivals.hear(task)) tell(arrivals.count)
  }

  function hearEdit(edit: Edit) {
    if (!shown.has(edit.task.id) && arrivals.hearEdit(edit)) tell(arrivals.count)
  }

  /** In a flood tasks are counted by Postgres, and no longer one by one. */
  async function hearSubmitted({ tasks, more }: Lately) {
    for (const task of tasks) hear(task)
    flooded ||= more || arrivals.isFull()
    if (!flooded || tasks.length === 0) return
    const { items } = await count(arrivals.filterOfSubmitted, ['status'])
    if (left) return
    arrivals.hearCount(items.reduce((sum, { count }) => sum + count, 0))
    tell(arrivals.count)
  }

  return {
    /** Whether a change can make a task fit that was submitted earlier. */
    byChange: arrivals.byChange,
    hear,
    /** Returns a function that ends it, with the view. */
    follow() {
      const stops = [
        submitted.follow({ hear: lately => void hearSubmitted(lately).catch(() => {}), lose }),
        edited.follow({ hear: edits => edits.forEach(hearEdit), lose })
      ]
      return () => {
        left = true
        for (const stop of stops) stop()
      }
    }
  }
}
