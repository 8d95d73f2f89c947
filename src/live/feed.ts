import type { CountTasks } from '#tasks/listing/counter.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { arrivalsOf } from './arrivals.ts'
import type { Edit } from './edits.ts'
import type { Interest, Topic } from './interest.ts'
import { type News, newsOf } from './news.ts'
import { type LiveLimits, type LiveMessage, outbox } from './outbox.ts'

export const liveLimits: LiveLimits = { pace: 250, quiet: 5_000 }

// Milliseconds.
const countsEvery = 1_000

export interface FeedOptions {
  limits: LiveLimits
  send(message: LiveMessage): void
  /** What the page shows cannot be read: the database is away. */
  lose(): void
  read(ids: string[]): Promise<TaskBody[]>
  count: CountTasks
  news: Record<Exclude<Topic, 'counts'>, News<unknown>>
  /** Tasks that were submitted lately; `more` where these are not all. */
  submitted: News<{ tasks: TaskBody[]; more: boolean }>
  /** Tasks that were edited lately. */
  edited: News<Edit[]>
  internal: readonly string[]
}

/** What one page is told of its view. */
export function feed({ limits, send, lose, read, count, news, submitted, edited, internal }: FeedOptions) {
  const out = outbox(limits, send)
  let shown = new Set<string>()
  let arrivals: ReturnType<typeof arrivalsOf> | undefined
  let stops: (() => void)[] = []
  let view = 0
  let flooded = false

  async function readShown(mine: number) {
    const tasks = await read([...shown]).catch(() => undefined)
    if (mine !== view) return
    if (!tasks) return lose()
    for (const task of tasks) if (!out.hasTask(task.id)) out.addTask(task)
  }

  function leave() {
    view++
    for (const stop of stops) stop()
    stops = []
  }

  function hearNew(task: TaskBody) {
    if (!shown.has(task.id) && arrivals?.hear(task)) out.add({ new: arrivals.count })
  }

  function hearEdit(edit: Edit) {
    if (!shown.has(edit.task.id) && arrivals?.hearEdit(edit)) out.add({ new: arrivals.count })
  }

  /** In a flood tasks are counted by Postgres, and no longer one by one. */
  async function hearSubmitted({ tasks, more }: { tasks: TaskBody[]; more: boolean }) {
    for (const task of tasks) hearNew(task)
    if (!arrivals) return
    flooded ||= more || arrivals.isFull()
    if (!flooded || tasks.length === 0) return
    const [mine, told] = [view, arrivals]
    const { items } = await count(told.filterOfSubmitted, ['status'])
    if (mine !== view) return
    told.hearCount(items.reduce((sum, { count }) => sum + count, 0))
    out.add({ new: told.count })
  }

  function newsOn(topic: Topic, filter: Interest['filter'] = {}) {
    if (topic !== 'counts') return news[topic]
    return newsOf({ read: async () => (await count(filter, ['status'])).items, every: countsEvery })
  }

  return {
    /** Another view: what gathered for the one before is dropped. */
    show({ filter, ids = [], topics = [] }: Interest) {
      leave()
      out.empty()
      shown = new Set(ids.map(id => id.toLowerCase()))
      arrivals = filter && arrivalsOf(filter, internal)
      flooded = false
      out.add(arrivals ? { new: 0 } : {})
      if (shown.size > 0) void readShown(view)
      for (const topic of new Set(topics)) {
        stops.push(newsOn(topic, filter).follow({ hear: value => out.add({ [topic]: value }), lose }))
      }
      if (!arrivals) return
      stops.push(submitted.follow({ hear: lately => void hearSubmitted(lately).catch(() => {}), lose }))
      stops.push(edited.follow({ hear: edits => edits.forEach(hearEdit), lose }))
    },
    wants: (id: string) => shown.has(id) || arrivals?.byChange === true,
    hear(task: TaskBody) {
      if (shown.has(task.id)) out.addTask(task)
      else hearNew(task)
    },
    close() {
      leave()
      out.close()
    }
  }
}
