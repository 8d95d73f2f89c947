import type { Child } from './child-process.ts'
import { dueChildren } from './due.ts'
import { openPace } from './pace.ts'
import type { Source } from './protocol.ts'
import { openSeats } from './seats.ts'
import { ChildStarter, type StarterOptions } from './starter.ts'

interface ChildPoolOptions extends StarterOptions {
  size: number
  /** Attempts after which a child is due to be replaced. */
  maxTasks: number
  /** Bytes. */
  maxMemory?: number
}

// Milliseconds. The memory of a child that exits by itself is known from its last sample only.
const lookInterval = 250
const mostTries = 4
// Children that wait for an attempt without ever having had one: each takes 17 MiB.
const mostAhead = 1

interface Waiting {
  isShort: boolean
  resolve(child: Child): void
}

/**
 * The child processes of a worker, one of them started ahead of need: Node.js takes 100 ms to boot. Any child can run
 * any attempt; it is replaced after a number of them.
 */
export class ChildPool {
  readonly #starter: ChildStarter
  readonly #maxMemory: number | undefined
  readonly #idle: Child[] = []
  readonly #seats = openSeats(child => this.#canTake(child))
  readonly #waiting = new Set<Waiting>()
  readonly #pace = openPace()
  readonly #due: ReturnType<typeof dueChildren>
  #size: number
  #looking = false
  #closing = false

  constructor({ size, maxTasks, maxMemory, ...options }: ChildPoolOptions) {
    this.#starter = new ChildStarter(options)
    this.#size = size
    this.#maxMemory = maxMemory
    this.#due = dueChildren({ most: maxTasks, idle: this.#idle, replace: child => this.#replace(child) })
    this.#fill()
  }

  /** Resolves when every child is ready or has failed to start. */
  async ready() {
    await Promise.all(this.#idle.map(child => child.ready))
  }

  get count() {
    return this.#idle.length + this.#seats.size
  }

  /** An attempt has not ended its child, and took so many milliseconds. */
  ended(source: Source, milliseconds: number) {
    this.#pace.ended(source.task, milliseconds)
    this.#starter.remember(source)
  }

  crashed(task: string) {
    this.#pace.crashed(task)
  }

  /** A free child, as soon as there is one, or a seat beside other short attempts; first come, first served. */
  async take(signal: AbortSignal, task: string): Promise<Child> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#next(signal, this.#pace.isShort(task))
      } catch (error) {
        // A failed start says nothing about the attempt, unless every try fails.
        if (this.#closing || signal.aborted || tries === mostTries) throw error
      }
    }
  }

  /** Takes a child back after an attempt; its condition decides whether it is reused. */
  give(child: Child) {
    this.#due.ended()
    if (!this.#seats.leave(child)) {
      if (this.#isTooLarge(child)) child.dropRest()
      return this.#serve()
    }
    if (this.count < this.#size && !this.#closing && this.#canTake(child)) {
      this.#idle.push(child)
      this.#due.rests(child)
    } else void child.stop({ nicely: false })
    this.#fill()
    this.#serve()
  }

  /** Changes the number of children. Surplus children end as soon as they are idle. */
  resize(size: number) {
    this.#size = size
    while (this.#idle.length > 0 && this.count > size) void this.#idle.pop()!.stop({ nicely: false })
    this.#fill()
    this.#serve()
  }

  async close() {
    this.#closing = true
    await Promise.all([...this.#idle, ...this.#seats.children()].map(child => child.stop({ nicely: false })))
    await this.#starter.close()
  }

  async #next(signal: AbortSignal, isShort: boolean): Promise<Child> {
    // A child started now would not be ended.
    if (this.#closing) throw new Error('The worker is stopping')
    let child = this.#waiting.size === 0 ? this.#free(isShort) : undefined
    if (child) this.#seats.take(child, isShort)
    else child = await this.#turn(signal, isShort)
    this.#fill()
    this.#lookSoon()
    try {
      await this.#starter.ready(child, signal)
      return child
    } catch (error) {
      this.give(child)
      throw error
    }
  }

  /** A child without waiting for another attempt, if there is one: a short attempt does not wait for a start either. */
  #free(isShort: boolean) {
    const started = this.#idle.findIndex(child => !this.#starter.isStarting(child))
    if (started >= 0) return this.#idle.splice(started, 1)[0]
    const open = isShort && this.#seats.size <= this.#size ? this.#seats.emptiest(this.#seats.open()) : undefined
    return open ?? this.#idle.shift() ?? (this.#seats.size < this.#size ? this.#start() : undefined)
  }

  /** Waits for a child to become free. */
  #turn(signal: AbortSignal, isShort: boolean): Promise<Child> {
    return new Promise((resolve, reject) => {
      const mine = { isShort, resolve }
      this.#waiting.add(mine)
      signal.addEventListener('abort', () => this.#waiting.delete(mine) && reject(signal.reason), { once: true })
    })
  }

  /** First come, first served: a long attempt at the head waits for a whole child, and all others wait for it. */
  #serve() {
    // Of too many children, one must come to its end.
    const open = this.#seats.size > this.#size ? [] : this.#seats.open({ half: true })
    for (const next of this.#waiting) {
      const child = this.#idle.shift() ?? (next.isShort ? this.#seats.emptiest(open) : undefined)
      if (!child) return
      this.#waiting.delete(next)
      // Reserved from here on, although the waiting attempt continues later.
      this.#seats.take(child, next.isShort)
      next.resolve(child)
    }
  }

  #fill() {
    while (!this.#closing && this.#idle.length < mostAhead && this.count < this.#size) this.#idle.push(this.#start())
  }

  #start() {
    const child = this.#starter.start()
    // No attempt fails by this: code that an earlier attempt left running may crash an idle child.
    void child.left.then(() => {
      const index = this.#idle.indexOf(child)
      if (index >= 0) this.#idle.splice(index, 1)
    })
    return child
  }

  #replace(child: Child) {
    this.#idle.splice(this.#idle.indexOf(child), 1)
    void child.stop({ nicely: false })
    this.#fill()
  }

  #canTake(child: Child) {
    return child.usable && !this.#isTooLarge(child) && this.#due.goesOn(child, this.#waiting.size > 0)
  }

  #isTooLarge({ peakMemory }: Child) {
    return this.#maxMemory !== undefined && peakMemory > this.#maxMemory
  }

  /** One timer for all children, which stops when no child is busy: short tasks come and go between two samples. */
  #lookSoon() {
    if (this.#looking) return
    this.#looking = true
    setTimeout(() => void this.#look(), lookInterval).unref()
  }

  async #look() {
    for (const child of this.#seats.children()) await child.look()
    this.#looking = false
    if (this.#seats.size > 0) this.#lookSoon()
  }
}
