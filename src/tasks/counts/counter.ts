import type { Pool } from 'pg'
import { statuses } from '#tasks/words.ts'
import { type Asked, type Filters, readFilters } from '../listing/filters.ts'
import { type Count, type Counted, countTasks } from './counts.ts'

export const dimensions = ['status', 'queue', 'task'] as const
export type Dimension = (typeof dimensions)[number]

/** Numbers of tasks that are the same in some dimensions. */
export type CountItem = Partial<Pick<Count, Dimension>> & Pick<Count, 'count' | 'exact'>

export interface CountAnswer {
  items: CountItem[]
  as_of: string
  searched_until: string | null
}

// Milliseconds for which an answer serves, and answers that are kept.
const fresh = 1_000
const mostKept = 100

export type CountTasks = (filters: Filters, by: readonly Dimension[], owner?: string) => Promise<CountAnswer>

/** Counts for all pages of this process: a question reaches Postgres once a second at most. */
export function taskCounter(pool: Pool, internal: readonly string[]): CountTasks {
  const answers = new Map<string, { at: number; answer: Promise<Counted> }>()

  function count(filters: Filters, asked: Asked): Promise<Counted> {
    const key = JSON.stringify([asked.owner, Object.entries(filters).sort()])
    const last = answers.get(key)
    if (last && performance.now() - last.at < fresh) return last.answer
    const answer = countTasks(pool, asked)
    answers.delete(key)
    answers.set(key, { at: performance.now(), answer })
    if (answers.size > mostKept) answers.delete(answers.keys().next().value!)
    return answer
  }

  return async (filters, by, owner) => {
    const asked = readFilters(filters, internal, owner)
    const { counts, at, searchedUntil } = await count(filters, asked)
    const items = addUp(counts, by)
    return {
      items: by.join() === 'status' ? withNone(items, asked) : items,
      as_of: at.toISOString(),
      searched_until: searchedUntil
    }
  }
}

function addUp(counts: Count[], by: readonly Dimension[]): CountItem[] {
  const items = new Map<string, CountItem>()
  for (const count of counts) {
    const names = Object.fromEntries(by.map(name => [name, count[name]]))
    const key = JSON.stringify(names)
    const item = items.get(key) ?? { ...names, count: 0, exact: true }
    items.set(key, { ...item, count: item.count + count.count, exact: item.exact && count.exact })
  }
  return [...items.values()].filter(({ count }) => count > 0)
}

/** By status alone also those that no task has. */
function withNone(items: CountItem[], asked: Asked): CountItem[] {
  return statuses
    .filter(status => asked.statuses.includes(status))
    .map(status => items.find(item => item.status === status) ?? { status, count: 0, exact: true })
}
