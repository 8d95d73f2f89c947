import type { Message } from './claim.ts'

// Requests at a time, and of a webhook that answers fast.
const usual = 4
const most = 16
// Messages of such a webhook, held here while others are sent: a claim for each few takes longer than them.
const ahead = 256
// Milliseconds that an answer of such a webhook takes on average.
const fast = 100

export interface Held {
  message: Message
  since: number
}

/** A webhook as far as this worker delivers to it. */
export class Endpoint {
  readonly line: Held[] = []
  running = 0
  /** The last claim took as many as there was room for, so more may wait. */
  hasMore = false
  #limit = usual
  #mean = fast

  /** How many more it takes from the database. */
  get slots() {
    const all = this.#isFast && this.#limit >= usual ? ahead : this.#limit
    return Math.max(0, all - this.running - this.line.length)
  }

  get hasRoom() {
    return this.line.length > 0 && this.running < Math.min(this.#limit, this.#isFast ? most : usual)
  }

  /** It would soon have nothing to send. */
  get wantsMore() {
    return this.hasMore && this.line.length < 2 * this.#limit
  }

  get isIdle() {
    return this.running === 0 && this.line.length === 0
  }

  get #isFast() {
    return this.#mean < fast
  }

  /** A receiver that is overloaded gets half as much at a time, and one more after each success. */
  learn({ ms, status, delivered }: { ms: number; status: number | null; delivered: boolean }) {
    this.#mean = 0.8 * this.#mean + 0.2 * ms
    if (status === 429 || status === 502 || status === 504) this.#limit = Math.max(1, this.#limit >> 1)
    else if (delivered) this.#limit = Math.min(most, this.#limit + 1)
  }
}

export const usualSlots = usual
