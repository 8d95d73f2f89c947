import type { Tail } from '#tasks/log/tail.ts'
import type { ProgramRun } from '#telemetry/programs.ts'
import type { Exit } from './exit.ts'
import type { Finished, FromChild, Run, ToChild } from './protocol.ts'

export interface Listener {
  /** Its turn has come: the child loads its module, or its body starts. */
  begins(): void
  loading(): void
  started(at: Date): void
  progress(fraction: number, detail: unknown): void
  log(line: string): void
  program(run: ProgramRun): void
}

/** Its body never ran: the child has ended, or has dropped it. */
export interface Unbegun {
  type: 'unbegun'
}

/** An attempt in the line of a child. */
export interface Place {
  number: number
  tail: Tail
  listener: Listener
  ended: Promise<Finished | Exit | Unbegun>
  end(how: Finished | Exit | Unbegun): void
  /** Set while the child is asked to drop it; resolves to whether its body never runs. */
  dropping?: PromiseWithResolvers<boolean>
}

// Milliseconds for a child to answer. One that does not is blocked by the body that it runs, and reads its messages
// before it runs another.
const longestAnswer = 200

/**
 * The attempts that a child has in hand, in the order in which it runs them, one at a time. Several share a message:
 * for a short body the message costs more than the body. The child reports each end by itself and before it begins the
 * next, so that the worker knows at any moment which attempt runs: that is the only one that a crash can be the fault of.
 */
export class Line {
  #send: (message: ToChild) => void
  #places: Place[] = []
  #runs: Run[] = []
  #drops: Place[] = []
  #last = 0
  #before: Tail | undefined
  #since = 0

  constructor(send: (message: ToChild) => void) {
    this.#send = send
  }

  get length() {
    return this.#places.length
  }

  /** The attempt whose body runs, or the child waits with. */
  get first(): Place | undefined {
    return this.#places[0]
  }

  /** Milliseconds for which the first attempt has run. */
  get running() {
    return this.#places.length === 0 ? 0 : performance.now() - this.#since
  }

  /** Keeps what the child says now: that of the running attempt, else of the last one. */
  get tail(): Tail | undefined {
    return this.first?.tail ?? this.#before
  }

  add(run: Omit<Run, 'number'>, listener: Listener, tail: Tail): Place {
    const place = newPlace(++this.#last, listener, tail)
    this.#places.push(place)
    const message = { ...run, number: place.number }
    if (this.#places.length === 1) {
      this.#send({ type: 'run', runs: [message], goOn: true })
      this.#begin()
    } else {
      if (this.#runs.length === 0) setImmediate(() => this.#post())
      this.#runs.push(message)
    }
    return place
  }

  /** For a child that takes no more attempts. */
  refuse(listener: Listener, tail: Tail): Place {
    const place = newPlace(++this.#last, listener, tail)
    leave(place)
    return place
  }

  hear(message: FromChild) {
    const first = this.first
    switch (message.type) {
      case 'loading':
        return first?.listener.loading()
      case 'started':
        return first?.listener.started(new Date(message.at))
      case 'progress':
        return first?.listener.progress(message.fraction, message.detail)
      case 'log':
        // The last log lines are kept with the attempt, like the last lines of output.
        first?.tail.add(`${message.line}\n`)
        return first?.listener.log(message.line)
      case 'program':
        return first?.listener.program(message.run)
      case 'dropped':
        return this.#dropped(message)
      case 'success':
      case 'failure':
        return this.#finished(message)
    }
  }

  /** The child goes on with the next attempt, after one that it has waited with. */
  goOn(place: Place) {
    if (this.first !== place) return
    this.#next()
    if (this.first) this.#send({ type: 'goOn' })
  }

  /** Asks the child to drop an attempt that has not begun. Resolves to whether its body never runs. */
  drop(place: Place): Promise<boolean> {
    if (place.dropping) return place.dropping.promise
    if (place === this.first || !this.#places.includes(place)) return Promise.resolve(false)
    place.dropping = Promise.withResolvers()
    if (this.#drops.length === 0) setImmediate(() => this.#postDrops())
    this.#drops.push(place)
    return place.dropping.promise
  }

  /** Asks the child to drop all that have not begun. */
  dropRest() {
    for (const place of this.#places.slice(1)) void this.drop(place)
  }

  /** The process has ended: the first attempt ends with it, unless it says that it has not begun; the others have not. */
  end(exit: Exit, isBegun: boolean) {
    const places = this.#places
    this.#places = []
    for (const [index, place] of places.entries()) {
      if (index === 0 && isBegun) place.end(exit)
      else leave(place)
    }
  }

  #post() {
    this.#send({ type: 'run', runs: this.#runs, goOn: false })
    this.#runs = []
  }

  #postDrops() {
    const places = this.#drops
    this.#drops = []
    this.#send({ type: 'drop', numbers: places.map(({ number }) => number) })
    setTimeout(() => {
      for (const place of places) {
        if (place === this.first) place.dropping?.resolve(false)
        else if (place.dropping) this.#leave(place)
      }
    }, longestAnswer)
  }

  #dropped({ asked, dropped }: FromChild & { type: 'dropped' }) {
    for (const place of this.#places.filter(({ number }) => asked.includes(number))) {
      if (dropped.includes(place.number)) this.#leave(place)
      else {
        place.dropping?.resolve(false)
        delete place.dropping
      }
    }
  }

  #leave(place: Place) {
    const index = this.#places.indexOf(place)
    if (index < 0) return
    this.#places.splice(index, 1)
    leave(place)
    if (index === 0) this.#begin()
  }

  #finished(end: Finished) {
    const first = this.first
    // A child that was taken for blocked has run one that was dropped.
    if (first?.number !== end.number) return
    first.end(end)
    if (!end.waits) this.#next()
  }

  #next() {
    const ended = this.#places.shift()
    this.#before = ended?.tail
    ended?.dropping?.resolve(false)
    this.#begin()
  }

  #begin() {
    this.#since = performance.now()
    this.first?.listener.begins()
  }
}

function newPlace(number: number, listener: Listener, tail: Tail): Place {
  const { promise, resolve } = Promise.withResolvers<Finished | Exit | Unbegun>()
  return { number, listener, tail, ended: promise, end: resolve }
}

function leave(place: Place) {
  place.dropping?.resolve(true)
  place.end({ type: 'unbegun' })
}
