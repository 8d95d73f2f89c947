import { v7 as uuid } from 'uuid'
import { Child } from './child-process.ts'
import { stepBack } from './priority.ts'
import type { Source } from './protocol.ts'
import { endStrays } from './strays.ts'
import { watchdog } from './watchdog.ts'

interface ChildPoolOptions {
  env: NodeJS.ProcessEnv
  /** The worker's database, for bodies that submit tasks. */
  databaseUrl: string
  size: number
  maxTasks: number
  /** Bytes. */
  maxMemory?: number
  /** Milliseconds that a child may take to be ready. */
  longestStart?: number
}

// Behind API and database, and behind the worker, whose heartbeat must not wait for a film.
const childNice = 10
// Milliseconds. Of a child that ends by itself only what was seen last is known.
const lookInterval = 250
const mostTries = 4
// A service has many kinds, and is busy with a few of them.
const mostRemembered = 8

/**
 * The child processes of a worker, started before they are needed: Node.js takes 100 ms to boot. Any child can run any
 * attempt; one that has done enough is replaced.
 */
export function childPool(options: ChildPoolOptions) {
  const { env, databaseUrl, size: first, maxTasks, maxMemory, longestStart = 30_000 } = options
  let size = first
  const idle: Child[] = []
  const busy = new Set<Child>()
  const waiting = new Set<(child: Child) => void>()
  const pool = `${uuid()}:`
  let started = 0
  const dog = watchdog(pool)
  const recent = new Map<string, Source>()
  const starting = new Set<Child>()
  let looking = false
  let closing = false

  function start() {
    const child = new Child({ env, databaseUrl, kinds: [...recent.values()], mark: `${pool}${++started}.` })
    const { pid } = child
    if (pid !== undefined) {
      dog.watch(pid)
      stepBack(pid, childNice)
    }
    const late = setTimeout(() => void child.stop({ nicely: false }), longestStart)
    starting.add(child)
    child.ready
      // What it loaded may be why it did not start.
      .catch(() => recent.clear())
      .finally(() => {
        starting.delete(child)
        clearTimeout(late)
      })
    // No attempt ends with it: what an earlier attempt has left behind may take an idle child down.
    void child.left.then(() => {
      const index = idle.indexOf(child)
      if (index >= 0) idle.splice(index, 1)
    })
    void child.gone.then(() => {
      if (pid !== undefined) dog.forget(pid)
    })
    return child
  }

  function fill() {
    while (!closing && idle.length + busy.size < size) idle.push(start())
  }

  /** One timer for all, which goes on until it finds no busy child: short tasks come and go between two looks. */
  function lookSoon() {
    if (looking) return
    looking = true
    setTimeout(look, lookInterval).unref()
  }

  async function look() {
    for (const child of [...busy]) await child.look()
    looking = false
    if (busy.size > 0) lookSoon()
  }

  /** Waits for its turn at a child. */
  function turn(signal: AbortSignal): Promise<Child> {
    return new Promise((resolve, reject) => {
      waiting.add(resolve)
      signal.addEventListener('abort', () => waiting.delete(resolve) && reject(signal.reason), { once: true })
    })
  }

  function serve() {
    for (const resolve of waiting) {
      const child = idle.shift()
      if (!child) return
      waiting.delete(resolve)
      // It is taken from here on, although the attempt that waits for it goes on later.
      busy.add(child)
      resolve(child)
    }
  }

  async function next(signal: AbortSignal): Promise<Child> {
    // A child that is started now would not be ended.
    if (closing) throw new Error('The worker is stopping')
    const child = idle.shift() ?? (busy.size < size ? start() : await turn(signal))
    busy.add(child)
    lookSoon()
    try {
      await (starting.has(child) ? Promise.race([child.ready, aborted(signal)]) : child.ready)
      return child
    } catch (error) {
      give(child)
      throw error
    }
  }

  function give(child: Child) {
    busy.delete(child)
    const spent = child.attempts >= maxTasks || (maxMemory !== undefined && child.peakMemory > maxMemory)
    const surplus = idle.length + busy.size >= size
    if (!closing && child.usable && !spent && !surplus) idle.push(child)
    else void child.stop({ nicely: false })
    fill()
    serve()
  }

  fill()

  return {
    /** Resolves when every child can take work, or cannot be started at all. */
    async ready() {
      await Promise.all(idle.map(child => child.ready))
    },

    /** A child that is started from here on will have loaded this. */
    remember(source: Source) {
      recent.delete(source.task)
      recent.set(source.task, source)
      if (recent.size > mostRemembered) recent.delete(recent.keys().next().value!)
    },

    /** A child that is free, as soon as there is one; first come, first served. */
    async take(signal: AbortSignal): Promise<Child> {
      for (let tries = 1; ; tries++) {
        try {
          return await next(signal)
        } catch (error) {
          // A child that does not start says nothing about the attempt, unless none starts.
          if (closing || signal.aborted || tries === mostTries) throw error
        }
      }
    },

    /** Gives a child back after an attempt; its condition decides whether it is used again. */
    give,

    /** From here on there are so many. Children beyond that end as soon as they are idle. */
    resize(next: number) {
      size = next
      while (idle.length > 0 && idle.length + busy.size > size) void idle.pop()!.stop({ nicely: false })
      fill()
      serve()
    },
    get count() {
      return idle.length + busy.size
    },

    async close() {
      closing = true
      await Promise.all([...idle, ...busy].map(child => child.stop({ nicely: false })))
      await endStrays(pool)
      dog.close()
    }
  }
}

function aborted(signal: AbortSignal) {
  const { promise, reject } = Promise.withResolvers<never>()
  if (signal.aborted) reject(signal.reason)
  else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  return promise
}

export type ChildPool = ReturnType<typeof childPool>
