import { v7 as uuid } from 'uuid'
import { Child } from './child-process.ts'
import { dueChildren } from './due.ts'
import { openPace } from './pace.ts'
import { stepBack } from './priority.ts'
import type { Source } from './protocol.ts'
import { openSeats } from './seats.ts'
import { endStrays } from './strays.ts'
import { watchdog } from './watchdog.ts'

interface ChildPoolOptions {
  env: NodeJS.ProcessEnv
  /** The worker's database, for bodies that submit tasks. */
  databaseUrl: string
  size: number
  /** Attempts after which a child is due to be replaced. */
  maxTasks: number
  /** Bytes. */
  maxMemory?: number
  /** Milliseconds that a child may take to become ready. */
  longestStart?: number
}

// Below API and database, and below the worker, whose heartbeat must not wait for a film.
const childNice = 10
// Milliseconds. The memory of a child that exits by itself is known from its last sample only.
const lookInterval = 250
const mostTries = 4
// A service has many kinds and runs a few of them most of the time.
const mostRemembered = 8

interface Waiting {
  isShort: boolean
  resolve(child: Child): void
}

/**
 * The child processes of a worker, started ahead of need: Node.js takes 100 ms to boot. Any child can run any attempt;
 * it is replaced after a number of them.
 */
export function childPool(options: ChildPoolOptions) {
  const { env, databaseUrl, size: first, maxTasks, maxMemory, longestStart = 30_000 } = options
  let size = first
  const idle: Child[] = []
  const seats = openSeats(canTake)
  const waiting = new Set<Waiting>()
  const pool = `${uuid()}:`
  let started = 0
  const dog = watchdog(pool)
  const recent = new Map<string, Source>()
  const pace = openPace()
  const due = dueChildren({ most: maxTasks, idle, replace })
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
      // A preloaded module may be the cause.
      .catch(() => recent.clear())
      .finally(() => {
        starting.delete(child)
        clearTimeout(late)
      })
    // No attempt fails by this: code that an earlier attempt left running may crash an idle child.
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
    while (!closing && idle.length + seats.size < size) idle.push(start())
  }

  /** One timer for all children, which stops when no child is busy: short tasks come and go between two samples. */
  function lookSoon() {
    if (looking) return
    looking = true
    setTimeout(look, lookInterval).unref()
  }

  async function look() {
    for (const child of seats.children()) await child.look()
    looking = false
    if (seats.size > 0) lookSoon()
  }

  /** Waits for a child to become free. */
  function turn(signal: AbortSignal, isShort: boolean): Promise<Child> {
    return new Promise((resolve, reject) => {
      const mine = { isShort, resolve }
      waiting.add(mine)
      signal.addEventListener('abort', () => waiting.delete(mine) && reject(signal.reason), { once: true })
    })
  }

  /** First come, first served: a long attempt at the head waits for a whole child, and all others wait for it. */
  function serve() {
    // Of too many children, one must come to its end.
    const open = seats.size > size ? [] : seats.open({ half: true })
    for (const next of waiting) {
      const child = idle.shift() ?? (next.isShort ? seats.emptiest(open) : undefined)
      if (!child) return
      waiting.delete(next)
      // Reserved from here on, although the waiting attempt continues later.
      seats.take(child, next.isShort)
      next.resolve(child)
    }
  }

  /** A child without waiting, if there is one. */
  function free(isShort: boolean) {
    if (idle.length > 0) return idle.shift()
    if (seats.size < size) return start()
    return isShort && seats.size <= size ? seats.emptiest(seats.open()) : undefined
  }

  async function next(signal: AbortSignal, isShort: boolean): Promise<Child> {
    // A child started now would not be ended.
    if (closing) throw new Error('The worker is stopping')
    let child = waiting.size === 0 ? free(isShort) : undefined
    if (child) seats.take(child, isShort)
    else child = await turn(signal, isShort)
    lookSoon()
    try {
      await (starting.has(child) ? Promise.race([child.ready, aborted(signal)]) : child.ready)
      return child
    } catch (error) {
      give(child)
      throw error
    }
  }

  function isTooLarge({ peakMemory }: Child) {
    return maxMemory !== undefined && peakMemory > maxMemory
  }

  function canTake(child: Child) {
    return child.usable && !isTooLarge(child) && due.goesOn(child, waiting.size > 0)
  }

  function replace(child: Child) {
    idle.splice(idle.indexOf(child), 1)
    void child.stop({ nicely: false })
    fill()
  }

  function give(child: Child) {
    due.ended()
    if (!seats.leave(child)) {
      if (isTooLarge(child)) child.dropRest()
      return serve()
    }
    const surplus = idle.length + seats.size >= size
    if (!surplus && !closing && canTake(child)) {
      idle.push(child)
      due.rests(child)
    } else void child.stop({ nicely: false })
    fill()
    serve()
  }

  fill()

  return {
    /** Resolves when every child is ready or has failed to start. */
    async ready() {
      await Promise.all(idle.map(child => child.ready))
    },

    /** An attempt has not ended its child: children that are started from here on preload its kind. */
    ended(source: Source, milliseconds: number) {
      pace.ended(source.task, milliseconds)
      recent.delete(source.task)
      recent.set(source.task, source)
      if (recent.size > mostRemembered) recent.delete(recent.keys().next().value!)
    },
    crashed: pace.crashed,

    /** A free child, as soon as there is one, or a seat beside other short attempts; first come, first served. */
    async take(signal: AbortSignal, task: string): Promise<Child> {
      for (let tries = 1; ; tries++) {
        try {
          return await next(signal, pace.isShort(task))
        } catch (error) {
          // A failed start says nothing about the attempt, unless every try fails.
          if (closing || signal.aborted || tries === mostTries) throw error
        }
      }
    },

    /** Takes a child back after an attempt; its condition decides whether it is reused. */
    give,

    /** Changes the number of children. Surplus children end as soon as they are idle. */
    resize(next: number) {
      size = next
      while (idle.length > 0 && idle.length + seats.size > size) void idle.pop()!.stop({ nicely: false })
      fill()
      serve()
    },
    get count() {
      return idle.length + seats.size
    },

    async close() {
      closing = true
      await Promise.all([...idle, ...seats.children()].map(child => child.stop({ nicely: false })))
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
