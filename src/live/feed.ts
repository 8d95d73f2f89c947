import type { CountTasks } from '#tasks/listing/counter.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { isFinal } from '#tasks/words.ts'
import type { Interest, Topic } from './interest.ts'
import { matcher } from './matches.ts'
import { type News, newsOf } from './news.ts'

export type SlimTask = Omit<TaskBody, 'args' | 'result'>

export interface LiveMessage {
  now: string
  tasks?: SlimTask[]
  new?: number
  counts?: unknown
  queues?: unknown
  workers?: unknown
  videos?: unknown
  problems?: unknown
}

export interface LiveLimits {
  /** Milliseconds between two messages to a page. */
  pace: number
  /** Milliseconds without any message, after which one says the time. */
  quiet: number
}

export const liveLimits: LiveLimits = { pace: 250, quiet: 5_000 }

// Ids of new tasks that are remembered, so that each counts once.
const mostNew = 10_000
const countsEvery = 1_000

export interface FeedOptions {
  limits: LiveLimits
  send(message: LiveMessage): void
  /** What the page shows cannot be read: the database is away. */
  lose(): void
  read(ids: string[]): Promise<TaskBody[]>
  count: CountTasks
  news: Record<Exclude<Topic, 'counts'>, News<unknown>>
  arrivals: News<TaskBody[]>
  internal: readonly string[]
}

/** What one page is told: changes gather, and go out at its pace. */
export function feed({ limits, send, lose, read, count, news, arrivals, internal }: FeedOptions) {
  let shown = new Set<string>()
  let fits: ((task: TaskBody) => boolean) | undefined
  let since = ''
  let waiting: Omit<LiveMessage, 'now'> = {}
  const changed = new Map<string, SlimTask>()
  let fresh = new Set<string>()
  let stops: (() => void)[] = []
  let turn = 0
  let last = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let closed = false

  function later(milliseconds = Math.max(0, last + limits.pace - performance.now())) {
    clearTimeout(timer)
    timer = setTimeout(flush, milliseconds).unref()
  }

  function flush() {
    last = performance.now()
    const tasks = [...changed.values()]
    send({ now: new Date().toISOString(), ...(tasks.length > 0 && { tasks }), ...waiting })
    changed.clear()
    waiting = {}
    pending = false
    later(limits.quiet)
  }

  let pending = false
  function add(what: Omit<LiveMessage, 'now'>) {
    if (closed) return
    waiting = { ...waiting, ...what }
    if (pending) return
    pending = true
    later()
  }

  async function readShown(ids: string[], mine: number) {
    try {
      const tasks = await read(ids)
      if (mine !== turn) return
      for (const task of tasks) if (!changed.has(task.id)) changed.set(task.id, slim(task))
      add({})
    } catch {
      if (mine === turn) lose()
    }
  }

  function stop() {
    for (const each of stops) each()
    stops = []
  }

  return {
    /** Another view: what gathered for the one before is dropped. */
    show({ filter, ids = [], topics = [] }: Interest) {
      stop()
      const mine = ++turn
      shown = new Set(ids.map(id => id.toLowerCase()))
      fits = filter && matcher(filter, internal)
      since = new Date().toISOString()
      fresh = new Set()
      changed.clear()
      waiting = {}
      if (shown.size > 0) void readShown([...shown], mine)
      for (const topic of new Set(topics)) {
        const source =
          topic === 'counts'
            ? newsOf({
                read: async () => (await count(filter ?? {}, ['status'])).items,
                every: countsEvery
              })
            : news[topic]
        stops.push(source.follow({ hear: value => void (mine === turn && add({ [topic]: value })), lose }))
      }
      add(fits ? { new: 0 } : {})
      if (fits) stops.push(arrivals.follow({ hear: tasks => void (mine === turn && tasks.forEach(hearNew)), lose }))
    },

    hear(task: TaskBody) {
      if (shown.has(task.id)) {
        changed.set(task.id, slim(task))
        add({})
      } else hearNew(task)
    },

    close() {
      closed = true
      turn++
      stop()
      clearTimeout(timer)
    }
  }

  function hearNew(task: TaskBody) {
    if (!fits || shown.has(task.id) || fresh.has(task.id) || fresh.size >= mostNew) return
    if (!isNew(task) || !fits(task)) return
    fresh.add(task.id)
    add({ new: fresh.size })
  }

  /** Submitted since, or it has just come to its end, and so into a list of such. */
  function isNew({ created_at, state, finished_at }: TaskBody) {
    return created_at >= since || (isFinal(state) && finished_at !== null && finished_at >= since)
  }
}

function slim({ args: _, result: __, ...task }: TaskBody): SlimTask {
  return task
}
