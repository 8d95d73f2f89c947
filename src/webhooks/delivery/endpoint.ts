import type { Message } from './claim.ts'

const usual = 4
// Messages of a webhook that answers fast, held here while four are sent: a claim for four each takes longer than them.
const ahead = 64
// Milliseconds that an answer of such a webhook takes on average.
const fast = 100

/** A webhook as far as this worker delivers to it. */
export class Endpoint {
  readonly line: { message: Message; since: number }[] = []
  running = 0
  /** The last claim took as many as there was room for, so more may wait. */
  hasMore = false
  #limit = usual
  #mean = fast

  /** How many more it takes from the database. */
  get slots() {
    const most = this.#mean < fast && this.#limit === usual ? ahead : this.#limit
    return Math.max(0, most - this.running - this.line.length)
  }

  get hasRoom() {
    return this.line.length > 0 && this.running < this.#limit
  }

  get isIdle() {
    return this.running === 0 && this.line.length === 0
  }

  /** A receiver that is overloaded gets half as much at a time, and one more after each success. */
  learn({ ms, status, delivered }: { ms: number; status: number | null; delivered: boolean }) {
    this.#mean = 0.8 * this.#mean + 0.2 * ms
    if (status === 429 || status === 502 || status === 504) this.#limit = Math.max(1, this.#limit >> 1)
    else if (delivered) this.#limit = Math.min(usual, this.#limit + 1)
  }
}

export const usualSlots = usual
