import type { TaskBody } from '#tasks/schemas.ts'

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

/** Gathers changes for a page and sends them at its pace, the last state of each task once. */
export function outbox({ pace, quiet }: LiveLimits, send: (message: LiveMessage) => void) {
  const tasks = new Map<string, SlimTask>()
  let other: Omit<LiveMessage, 'now' | 'tasks'> = {}
  let last = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let pending = false
  let closed = false

  function later(milliseconds: number) {
    clearTimeout(timer)
    timer = setTimeout(flush, milliseconds).unref()
  }

  function flush() {
    last = performance.now()
    const message = { now: new Date().toISOString(), ...(tasks.size > 0 && { tasks: [...tasks.values()] }), ...other }
    empty()
    pending = false
    later(quiet)
    send(message)
  }

  function empty() {
    tasks.clear()
    other = {}
  }

  return {
    add(what: Omit<LiveMessage, 'now' | 'tasks'>) {
      if (closed) return
      other = { ...other, ...what }
      if (pending) return
      pending = true
      later(Math.max(0, last + pace - performance.now()))
    },
    addTask({ args: _, result: __, ...task }: TaskBody) {
      tasks.set(task.id, task)
      this.add({})
    },
    hasTask: (id: string) => tasks.has(id),
    /** Drops what has gathered. */
    empty,
    close() {
      closed = true
      clearTimeout(timer)
    }
  }
}
