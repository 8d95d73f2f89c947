import type { CountTasks } from '#tasks/counts/counter.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { type Arriving, arrivingIn, type NewsOfTasks } from './arriving.ts'
import type { Interest, Topic } from './interest.ts'
import { type News, newsOf } from './news.ts'
import { type LiveLimits, type LiveMessage, outbox } from './outbox.ts'

export const liveLimits: LiveLimits = { pace: 250, quiet: 5_000 }

// Milliseconds.
const countsEvery = 1_000

export interface FeedOptions extends NewsOfTasks {
  limits: LiveLimits
  send(message: LiveMessage): void
  /** What the page shows cannot be read: the database is away. */
  lose(): void
  read(ids: string[]): Promise<TaskBody[]>
  count: CountTasks
  news: Record<Exclude<Topic, 'counts'>, News<unknown>>
}

/** What one page is told of its view. */
export function feed({ limits, send, lose, read, count, news, ...ofArrivals }: FeedOptions) {
  const out = outbox(limits, send)
  let shown = new Set<string>()
  let arriving: Arriving | undefined
  let stops: (() => void)[] = []
  let view = 0

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
      const tell = (arrived: number) => out.add({ new: arrived })
      arriving = filter && arrivingIn(filter, { ...ofArrivals, count, shown, tell, lose })
      out.add(arriving ? { new: 0 } : {})
      if (shown.size > 0) void readShown(view)
      for (const topic of new Set(topics)) {
        stops.push(newsOn(topic, filter).follow({ hear: value => out.add({ [topic]: value }), lose }))
      }
      if (arriving) stops.push(arriving.follow())
    },
    wants: (id: string) => shown.has(id) || arriving?.byChange === true,
    hear(task: TaskBody) {
      if (shown.has(task.id)) out.addTask(task)
      else arriving?.hear(task)
    },
    close() {
      leave()
      out.close()
    }
  }
}
