import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Kind } from '#tasks/define.ts'
import type { Ending } from '#tasks/endings/ending.ts'
import type { Child } from '../children/child-process.ts'
import type { Exit } from '../children/exit.ts'
import type { Listener, Place } from '../children/line.ts'
import type { ChildPool } from '../children/pool.ts'
import type { Finished, StopReason } from '../children/protocol.ts'
import type { Attempt, AttemptOptions } from './attempt.ts'
import { endingOf } from './ending-of.ts'
import { misfit } from './fit.ts'
import type { End } from './judge.ts'
import { type Stopper, stopper } from './limits.ts'

interface RunInChildOptions extends AttemptOptions {
  children: ChildPool
}

const notBegun: Exit = { type: 'exit', exit_code: null, signal: null, peak_memory: null, stderr: '' }
// Children that end before the attempt has begun, each by the fault of another.
const mostChildren = 10

/** The end of an attempt that was taken back. */
const never = new Promise<never>(() => {})

/** Runs a claimed task in a child process, until the last of its processes has ended. */
export function runInChild(claim: Claim, kind: Kind, options: RunInChildOptions): Attempt {
  return new AttemptInChild(claim, kind, options)
}

class AttemptInChild implements Attempt {
  readonly claim: Claim
  readonly since = performance.now()
  readonly ended: Promise<Ending>
  #kind: Kind
  #options: RunInChildOptions
  #stops: Stopper
  #waiting = new AbortController()
  /** Where it is in the line of a child. */
  #at: { child: Child; place: Place } | undefined
  #isBegun = false
  #isRecalled = false
  #startedAt = new Date()

  constructor(claim: Claim, kind: Kind, options: RunInChildOptions) {
    this.claim = claim
    this.#kind = kind
    this.#options = options
    this.#stops = stopper({
      limits: options.limits,
      abort: reason => {
        if (this.#isBegun) this.#at?.child.abort(this.#at.place, reason)
      },
      cut: reason => void this.#cut(reason)
    })
    this.ended = this.#live()
  }

  stop(reason: StopReason) {
    this.#stops.stop(reason)
  }

  reason() {
    return this.#stops.reason()
  }

  async recall() {
    if (this.#isBegun || this.#stops.reason() !== undefined) return false
    this.#isRecalled = true
    if (this.#at) this.#isRecalled = await this.#at.child.drop(this.#at.place)
    else this.#waiting.abort('recalled')
    return this.#isRecalled
  }

  async #cut(reason: StopReason) {
    this.#waiting.abort(reason)
    if (!this.#at) return
    const { child, place } = this.#at
    // Beside it another attempt runs, which must not end with it.
    if (!this.#isBegun && (await child.drop(place))) return
    if (this.#at?.place !== place) return
    child.abort(place, reason)
    await child.stop({ target: place })
  }

  async #live(): Promise<Ending> {
    const wrong = misfit(this.claim, this.#kind)
    if (wrong) return this.#ending(wrong)
    for (let left = mostChildren; left > 0 && !this.#isOver; ) {
      const child = await this.#take()
      if (!child) break
      const end = this.#isOver ? undefined : await this.#runIn(child)
      this.#options.children.give(child)
      if (end) return this.#ending(end)
      if (!child.usable) left--
    }
    return this.#isRecalled ? never : this.#ending(notBegun)
  }

  /** It is not to begin any more. */
  get #isOver() {
    return this.#isRecalled || this.#stops.reason() !== undefined
  }

  async #take() {
    try {
      return await this.#options.children.take(this.#waiting.signal, this.claim.task)
    } catch (error) {
      if (!this.#isRecalled) this.#options.tail.add(String(error))
      return
    }
  }

  /** Undefined where the attempt has not begun. */
  async #runIn(child: Child): Promise<Finished | Exit | undefined> {
    const { id, task, args, attempt } = this.claim
    const source = { task, file: this.#kind.file }
    const place = child.run(
      { ...source, id, args, attempt, traceparent: this.#options.traceparent },
      this.#listener(child),
      this.#options.tail
    )
    this.#at = { child, place }
    const end = await place.ended
    this.#at = undefined
    this.#stops.clear()
    if (end.type === 'unbegun') {
      this.#isBegun = false
      return
    }
    if (end.type === 'exit') {
      if (!end.isForAnother) this.#options.children.crashed(task)
    } else {
      this.#options.children.ended(source, end.took)
      if (end.started_at !== undefined) this.#startedAt = new Date(end.started_at)
    }
    await this.#leave(child, place, end)
    return end
  }

  /** All processes of the attempt must be gone before its end is reported. */
  async #leave(child: Child, place: Place, end: Finished | Exit) {
    // Output comes through another pipe: it is read in the next turn of the event loop, and kept in the one after that.
    if (end.type !== 'exit' && end.waits) for (let turns = 3; turns > 0; turns--) await nextTurn()
    const hasLeft = end.type === 'failure' && (await child.hasLeftovers())
    const isCut = this.#stops.reason() !== undefined && this.#stops.reason() !== 'soft_time_limit'
    if (hasLeft || isCut || end.type === 'exit') await child.stop({ target: place })
    else if (end.waits) child.goOn(place)
  }

  #listener({ pid }: Child): Listener {
    return {
      begins: () => {
        this.#isBegun = true
        // For a body that blocks its child before the child can report a start; overwritten by that report.
        this.#startedAt = new Date()
        this.#options.onBegin(pid)
        this.#stops.begin()
      },
      loading: () => this.#stops.loading(),
      started: at => {
        this.#startedAt = at
        this.#stops.begin()
      },
      progress: (fraction, detail) => {
        this.#stops.progressed()
        this.#options.onProgress(fraction, detail)
      },
      log: this.#options.onLog,
      program: this.#options.onProgram
    }
  }

  #ending(end: End) {
    const { tail } = this.#options
    const reason = this.#stops.reason()
    return endingOf(end, { claim: this.claim, kind: this.#kind, tail, startedAt: this.#startedAt, reason })
  }
}
